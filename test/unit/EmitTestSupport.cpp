// Modules by hand for the tests of code emission.
#include "test/unit/EmitTestSupport.h"
#include "compiler/Conversion/UkrToLLVM/Passes.h"
#include "dialects/Ukr/IR/Ukr.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace mlir;

namespace nibble::test {

Lowered lower(const std::string &text, const Target &target, bool packed) {
  Lowered result;
  DialectRegistry registry;
  registry.insert<ukr::UkrDialect, arith::ArithDialect, func::FuncDialect, scf::SCFDialect, memref::MemRefDialect,
                  vector::VectorDialect, math::MathDialect, LLVM::LLVMDialect>();
  result.context = std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler handler(result.context.get(), [&](Diagnostic &diagnostic) {
    result.diagnostics += diagnostic.str() + "\n";
    return success();
  });
  result.module = parseSourceString<ModuleOp>(text, result.context.get());
  if (!result.module)
    return result;
  PassManager manager(result.context.get());
  buildToLLVMPipeline(manager, {target.str(), packed});
  if (failed(manager.run(*result.module))) {
    result.module = nullptr;
    return result;
  }
  FailureOr<std::vector<Entry>> entries = readEntries(*result.module);
  EXPECT_TRUE(succeeded(entries)) << result.diagnostics;
  if (succeeded(entries))
    result.entries = *entries;
  return result;
}

std::string twoRegions() {
  std::ifstream file(NIBBLE_TEST_INPUTS "/two_regions.mlir");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<float> referenceModel(const std::vector<float> &image) {
  std::vector<float> out(image.size());
  for (size_t i = 0; i < image.size() / 8; ++i) {
    float hidden[8];
    for (size_t j = 0; j < 8; ++j)
      hidden[j] = std::fma(image[i * 8 + j], 2.0f, std::strtof(("0." + std::to_string(j + 1)).c_str(), nullptr));
    for (size_t o = 0; o < 8; ++o) {
      float sum = 0;
      for (size_t k = 0; k < 8; ++k) {
        std::string weight = (o % 2 ? "-0." : "0.") + std::to_string(o + 1) + std::to_string(k + 1);
        sum = std::fma(hidden[k], std::strtof(weight.c_str(), nullptr), sum);
      }
      out[i * 8 + o] = sum;
    }
  }
  return out;
}

std::vector<float> someImages(int64_t batch) {
  std::vector<float> image(static_cast<size_t>(batch) * 8);
  for (size_t i = 0; i < image.size(); ++i)
    image[i] = i % 8 == 7 ? -0.4f + 1e-38f * static_cast<float>(i % 5) : std::sin(static_cast<float>(i)) * 3;
  return image;
}

bool sameBits(const std::vector<float> &a, const std::vector<float> &b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

} // namespace nibble::test
