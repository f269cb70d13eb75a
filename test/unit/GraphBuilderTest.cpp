// The graph builder as the compiler sees it: the module, the locations, diagnostics as text.
#include "compiler/Builder/GraphBuilder.h"
#include "compiler/Builder/DiagnosticCollector.h"
#include "dialects/Nibble/IR/Nibble.h"
#include "mlir/Parser/Parser.h"
#include <gtest/gtest.h>

using namespace nibble;

namespace {

GraphBuilder::Value linearNet(GraphBuilder &b) {
  auto x = b.input({"net.cpp", 3, 7}, "x", {GraphBuilder::batch, 4});
  auto w = b.param({"net.cpp", 4, 1}, {"fc.weight", {2, 4}});
  GraphBuilder::Value operands[] = {x, w};
  return b.create({"net.cpp", 5, 9}, "linear", operands);
}

TEST(GraphBuilder, GivesTheModule) {
  GraphBuilder b("net", {"net.cpp", 2, 1});
  auto y = linearNet(b);
  EXPECT_EQ(b.shape(y), (std::vector<int64_t>{-1, 2}));
  EXPECT_TRUE(b.isActivation(y));
  EXPECT_EQ(b.layerOf(y), "fc");
  b.output({"net.cpp", 6, 1}, "y", y);
  ASSERT_TRUE(b.finish().empty());
  auto function = b.module().lookupSymbol<mlir::func::FuncOp>("net");
  ASSERT_TRUE(function);
  auto linear = *function.getOps<LinearOp>().begin();
  EXPECT_EQ(mlir::cast<mlir::NameLoc>(linear.getLoc()).getName().getValue(), "fc");
  SourcePlace place = placeOf(linear.getLoc());
  EXPECT_EQ(place.file, "net.cpp");
  EXPECT_EQ(place.line, 5);
  EXPECT_EQ(place.column, 9);
}

TEST(GraphBuilder, TextParsesAgain) {
  GraphBuilder b("net", {"net.cpp", 2, 1});
  b.output({"net.cpp", 6, 1}, "y", linearNet(b));
  ASSERT_TRUE(b.finish().empty());
  auto copy = mlir::parseSourceString<mlir::ModuleOp>(b.print(true), mlir::ParserConfig(b.context()));
  ASSERT_TRUE(copy);
  std::string again;
  llvm::raw_string_ostream stream(again);
  copy->print(stream, mlir::OpPrintingFlags().enableDebugInfo());
  EXPECT_EQ(again, b.print(true));
}

TEST(GraphBuilder, PoisonIsSilent) {
  GraphBuilder b("net", {});
  GraphBuilder::Value bad[] = {GraphBuilder::poison};
  EXPECT_EQ(b.create({}, "relu", bad), GraphBuilder::poison);
  EXPECT_EQ(b.reshape({}, GraphBuilder::poison, {-1, 2}), GraphBuilder::poison);
  EXPECT_TRUE(b.diagnostics().empty());
}

TEST(DiagnosticCollector, KeepsTextPlaceAndNotes) {
  mlir::MLIRContext context;
  std::vector<BuildDiagnostic> found;
  DiagnosticCollector collector(&context, found);
  auto line = [&](unsigned n) { return mlir::FileLineColLoc::get(&context, "a.cpp", n, 1); };
  auto named = mlir::NameLoc::get(mlir::StringAttr::get(&context, "conv1"), line(7));
  {
    auto diagnostic = mlir::emitError(named) << "'nibble.conv2d' op cannot stay";
    diagnostic.attachNote() << "here";
    diagnostic.attachNote(line(9)) << "there";
  }
  mlir::emitWarning(mlir::UnknownLoc::get(&context)) << "slow";
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].place.line, 7);
  EXPECT_EQ(found[0].message, "conv2d cannot stay");
  ASSERT_EQ(found[0].notes.size(), 2u);
  EXPECT_EQ(found[0].notes[0].place.line, 0);
  EXPECT_EQ(found[0].notes[1].place.line, 9);
  EXPECT_EQ(found[1].severity, BuildSeverity::Warning);
  EXPECT_EQ(found[1].place.line, 0);
}

} // namespace
