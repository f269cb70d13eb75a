// A dozen models for other targets: x86-64 without extensions (fused multiply-adds in software) in this process,
// aarch64 as an object in a program under an emulator. Every bit is the interpreter's.
#include "compiler/Target/Target.h"
#include "test/unit/SupportRun.h"
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace nibble;
using namespace nibble::test;

namespace {

/// One model for each kernel and each way of storing what lies between layers.
std::vector<Cell> coreCells() {
  auto f = [](const char *name) { return Format::of(name); };
  constexpr auto channel = Granularity::WeightChannel;
  constexpr auto minusOne = PadValue::MinusOne;
  return {
      {.x = f("f32"), .w = f("f32"), .channels = 5, .outputs = 19},
      {.x = f("f32"), .w = f("f32"), .layer = Layer::Depthwise, .ending = Ending::Scaled, .channels = 11},
      {.x = f("u8z"), .w = f("i8n"), .granularity = channel, .ending = Ending::U8, .channels = 3, .second = f("i4n")},
      {.x = f("u4"),
       .w = f("i4n"),
       .granularity = channel,
       .layer = Layer::Strided,
       .ending = Ending::U4,
       .channels = 17,
       .residual = f("u4")},
      {.x = f("i8"), .w = f("ternary"), .ending = Ending::U8, .channels = 12, .outputs = 8},
      {.x = f("u7"), .w = f("u4"), .layer = Layer::Linear, .ending = Ending::Affine, .channels = 40},
      {.x = f("i16"), .w = f("i6n"), .layer = Layer::Conv1x1, .ending = Ending::Scaled, .channels = 9},
      {.x = f("binary"),
       .w = f("binary"),
       .ending = Ending::Sign,
       .channels = 40,
       .outputs = 33,
       .padding = minusOne,
       .second = f("binary")},
      {.x = f("binary"), .w = f("binary"), .layer = Layer::Linear, .ending = Ending::Affine, .channels = 70},
      {.x = f("binary"),
       .w = f("i3n"),
       .layer = Layer::Grouped,
       .ending = Ending::Sign,
       .channels = 4,
       .outputs = 6,
       .padding = minusOne},
      {.x = f("ternary"), .w = f("binary"), .ending = Ending::Sign, .channels = 8, .residual = f("f32")},
      {.x = f("u8"),
       .w = f("i8n"),
       .granularity = channel,
       .layer = Layer::Depthwise,
       .ending = Ending::U8,
       .channels = 20,
       .second = f("i8n")},
  };
}

std::unique_ptr<CellRun> coreRun(const char *target) {
  auto run = std::make_unique<CellRun>(target, 2);
  for (const Cell &cell : coreCells()) {
    auto refusal = run->add(cell);
    EXPECT_FALSE(refusal) << cell.text() << ": " << refusal->message;
  }
  return run;
}

TEST(SupportTarget, X86WithoutExtensions) {
  auto target = Target::baseline(Arch::x86_64);
  if (!target.runsOnHost())
    GTEST_SKIP() << "this machine is no x86-64";
  EXPECT_FALSE(target.hasFma());
  EXPECT_EQ(coreRun("x86_64-linux-gnu")->run(), static_cast<int>(coreCells().size()));
}

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

/// A folder of its own for one test.
class Folder {
public:
  Folder() : path(std::filesystem::path(testing::TempDir()) / ("nibble_support_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const char *name, const std::string &content) const {
    std::ofstream(path / name, std::ios::binary) << content;
  }
  std::string read(const char *name) const {
    std::ifstream file(path / name, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  /// Runs a shell command in the folder; its output goes to the file `log`.
  int run(const std::string &command) const {
    return std::system(("cd '" + path.string() + "' && { " + command + " ; } > log 2>&1").c_str());
  }

private:
  std::filesystem::path path;
};

bool hasProgram(const std::string &name) {
  return std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0;
}

std::string upper(std::string text) {
  for (char &c : text)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

/// A C program that reads the inputs of all cases from stdin and writes the results to stdout.
std::string mainProgram(const std::vector<CellRun::Case> &cases) {
  std::string text = "#include \"core.h\"\n#include <stdio.h>\n";
  std::string body;
  for (const CellRun::Case &c : cases) {
    std::string arguments;
    auto array = [&](const std::string &name, const HostTensor &tensor) {
      text += "static float " + name + "[" + std::to_string(tensor.size()) + "];\n";
      arguments += name + ", ";
    };
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      std::string name = c.name + "_in" + std::to_string(i);
      array(name, c.inputs[i]);
      body += "  if (fread(" + name + ", sizeof " + name + ", 1, stdin) != 1) return 2;\n";
    }
    std::string out = c.name + "_out", arena = c.name + "_arena";
    array(out, c.expected.front());
    text += "static unsigned char " + arena + "[" + upper(c.name) + "_ARENA_BYTES(1)] __attribute__((aligned(64)));\n";
    body += "  if (" + c.name + "(" + arguments + std::to_string(CellRun::batch) + ", " + arena + ", 0)) return 3;\n";
    body += "  fwrite(" + out + ", sizeof " + out + ", 1, stdout);\n";
  }
  return text + "int main(void) {\n" + body + "  return 0;\n}\n";
}

/// Links the core set into a static program, runs it and compares.
void linkAndRun(const char *target, const std::string &compiler, const std::string &runner) {
  auto core = coreRun(target);
  auto [object, header] = core->object();
  ASSERT_FALSE(object.empty() || header.empty());
  std::vector<CellRun::Case> cases = core->cases();
  std::string input;
  for (const CellRun::Case &c : cases)
    for (const HostTensor &tensor : c.inputs)
      input.append(reinterpret_cast<const char *>(tensor.f32.data()), tensor.f32.size() * 4);
  Folder folder;
  folder.write("core.o", object);
  folder.write("core.h", header);
  folder.write("main.c", mainProgram(cases));
  folder.write("in", input);
  ASSERT_EQ(folder.run(compiler + " -std=c11 -static main.c core.o -o main"), 0) << folder.read("log");
  ASSERT_EQ(folder.run(runner + " ./main < in > out"), 0) << folder.read("log");
  std::string out = folder.read("out");
  size_t at = 0;
  for (const CellRun::Case &c : cases) {
    const HostTensor &expected = c.expected.front();
    ASSERT_LE(at + expected.size() * 4, out.size());
    std::vector<float> values(expected.size());
    std::memcpy(values.data(), out.data() + at, values.size() * 4);
    at += values.size() * 4;
    EXPECT_EQ(difference(c.expected, HostTensor::ofFloats(expected.shape, values)), "") << target << ": " << c.what;
  }
  EXPECT_EQ(at, out.size());
}

TEST(SupportTarget, Aarch64Object) {
  if (!hasProgram("aarch64-linux-gnu-gcc") || !hasProgram("qemu-aarch64-static"))
    GTEST_SKIP() << "no aarch64-linux-gnu-gcc or no qemu-aarch64-static on PATH";
  linkAndRun("aarch64-linux-gnu", "aarch64-linux-gnu-gcc", "qemu-aarch64-static");
}

TEST(SupportTarget, ObjectForThisMachine) {
  if (Target::host().arch() != Arch::x86_64)
    GTEST_SKIP() << "this machine is no x86-64";
  linkAndRun("native", NIBBLE_TEST_CC, "");
}

TEST(SupportTarget, ObjectsAreDeterministicAndNeedNothing) {
  Folder folder;
  for (const char *target : {"x86_64-linux-gnu", "x86_64-linux-gnu,+avx2", "aarch64-linux-gnu"}) {
    auto [object, header] = coreRun(target)->object();
    ASSERT_FALSE(object.empty());
    EXPECT_TRUE(object == coreRun(target)->object().first) << target << ": built twice, the object is not the same";
    folder.write("core.o", object);
    ASSERT_EQ(folder.run(NIBBLE_TEST_NM
                         " --undefined-only --just-symbol-name core.o | grep -v -x -e memcpy -e memset || true"),
              0);
    EXPECT_EQ(folder.read("log"), "") << target;
  }
}

} // namespace
