// Reading and rewriting model functions. Private to compiler/Train.
#ifndef NIBBLE_TRAIN_MODELFUNCTION_H
#define NIBBLE_TRAIN_MODELFUNCTION_H

#include "compiler/Train/Train.h"

namespace nibble {

/// A copy of `model` named `name` right behind it; fails when the name is taken or the model is not one block of code.
mlir::FailureOr<mlir::func::FuncOp> copyModel(mlir::ModuleOp module, mlir::func::FuncOp model, llvm::StringRef name);

/// What kind of parameter this argument is; none when it is not one.
std::optional<ParamKind> parameterKind(mlir::func::FuncOp function, mlir::Value value);

/// Argument attributes of a parameter.
mlir::DictionaryAttr parameterAttributes(mlir::MLIRContext *context, llvm::StringRef name, ParamKind kind, Init init);

/// The functions whose mark `nibble.training` is `mark`; an error if there is none, for then `pass` has come too early
/// or too late.
mlir::FailureOr<llvm::SmallVector<mlir::func::FuncOp>> findMarked(mlir::ModuleOp module, llvm::StringRef mark,
                                                                  llvm::StringRef pass);

/// One result of a function.
struct FunctionResult {
  mlir::Value value;
  mlir::DictionaryAttr attributes;
};
/// Replaces the results of a function of one block.
void setResults(mlir::func::FuncOp function, llvm::ArrayRef<FunctionResult> results);
/// The results of a function of one block.
llvm::SmallVector<FunctionResult> getResults(mlir::func::FuncOp function);

/// {name = value}.
mlir::DictionaryAttr attributeOf(llvm::StringRef name, mlir::Attribute value);

} // namespace nibble

#endif
