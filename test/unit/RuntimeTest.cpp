// The C ABI without threads: status strings, element sizes, tensor views, CPU features.
#include <nibble/runtime.h>

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <vector>

extern "C" int64_t nibbleTestBytesFromC(void);

namespace {

nibble_tensor_view view(std::vector<int64_t> shape, std::vector<int64_t> strides, void *data) {
  nibble_tensor_view v{data, NIBBLE_F32, static_cast<int32_t>(shape.size()), {}, {}};
  std::copy(shape.begin(), shape.end(), v.shape);
  std::copy(strides.begin(), strides.end(), v.strides);
  return v;
}

TEST(Runtime, statusStrings) {
  EXPECT_STREQ(nibble_status_string(NIBBLE_OK), "ok");
  EXPECT_STREQ(nibble_status_string(NIBBLE_INVALID_ARGUMENT), "invalid argument");
  EXPECT_STREQ(nibble_status_string(NIBBLE_OUT_OF_MEMORY), "out of memory");
  for (int32_t code = 0; code <= NIBBLE_SYSTEM_ERROR; ++code)
    EXPECT_EQ(std::string(nibble_status_string(code)) == "unknown status", code == 4) << code;
  EXPECT_STREQ(nibble_status_string(-1), "unknown status");
  EXPECT_STREQ(nibble_status_string(NIBBLE_SYSTEM_ERROR + 1), "unknown status");
}

TEST(Runtime, elementSizes) {
  constexpr int64_t sizes[] = {0, 1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 0};
  for (int32_t type = 0; type < 15; ++type)
    EXPECT_EQ(nibble_element_size(type), sizes[type]) << type;
  EXPECT_EQ(nibble_element_size(-1), 0);
}

TEST(Runtime, headerInC) { EXPECT_EQ(nibbleTestBytesFromC(), 24); }

TEST(Runtime, tensorViews) {
  float data[12];
  int64_t bytes = -1;
  auto check = [&](nibble_tensor_view v) {
    bytes = -1;
    return nibble_tensor_bytes(&v, &bytes);
  };
  EXPECT_EQ(check(view({}, {}, data)), NIBBLE_OK);
  EXPECT_EQ(bytes, 4);
  EXPECT_EQ(check(view({3, 4}, {4, 1}, data)), NIBBLE_OK);
  EXPECT_EQ(bytes, 48);
  EXPECT_EQ(check(view({3, 1, 4}, {4, 77, 1}, data)), NIBBLE_OK); // the stride of an extent of 1 does not matter
  EXPECT_EQ(check(view({3, 0}, {5, 5}, nullptr)), NIBBLE_OK);
  EXPECT_EQ(bytes, 0);

  EXPECT_EQ(check(view({3, 4}, {1, 3}, data)), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(check(view({3, 4}, {8, 1}, data)), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(check(view({-1}, {1}, data)), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(check(view({3}, {1}, nullptr)), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(check(view({int64_t{1} << 62, 2}, {2, 1}, data)), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(check(view({int64_t{1} << 62, 0, 4}, {0, 4, 1}, data)),
            NIBBLE_INVALID_ARGUMENT); // overflow despite the zero
  nibble_tensor_view bad = view({3}, {1}, data);
  bad.rank = 9;
  EXPECT_EQ(check(bad), NIBBLE_INVALID_ARGUMENT);
  bad.rank = -1;
  EXPECT_EQ(check(bad), NIBBLE_INVALID_ARGUMENT);
  bad = view({3}, {1}, data);
  bad.element_type = 99;
  EXPECT_EQ(check(bad), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(nibble_tensor_bytes(nullptr, &bytes), NIBBLE_INVALID_ARGUMENT);
  EXPECT_EQ(nibble_tensor_bytes(&bad, nullptr), NIBBLE_INVALID_ARGUMENT);
}

TEST(Runtime, cpuFeatures) {
  EXPECT_EQ(nibble_cpu_has(nullptr), 0);
  EXPECT_EQ(nibble_cpu_has(""), 0);
  EXPECT_EQ(nibble_cpu_has("no-such-feature"), 0);
  EXPECT_GE(nibble_cpu_count(), 1);
#ifdef __x86_64__
  EXPECT_EQ(nibble_cpu_has("sse2"), 1);
  // Linux lists a feature only if the CPU has it and the kernel saves its registers: the same rule as ours.
  std::ifstream file("/proc/cpuinfo");
  std::string line, flags;
  while (std::getline(file, line))
    if (line.starts_with("flags")) {
      flags = line.substr(line.find(':') + 1) + " ";
      break;
    }
  if (flags.empty())
    GTEST_SKIP() << "/proc/cpuinfo lists no flags";
  const std::pair<const char *, const char *> names[] = {{"ssse3", "ssse3"},
                                                         {"sse4.1", "sse4_1"},
                                                         {"popcnt", "popcnt"},
                                                         {"avx", "avx"},
                                                         {"avx2", "avx2"},
                                                         {"fma", "fma"},
                                                         {"f16c", "f16c"},
                                                         {"bmi", "bmi1"},
                                                         {"bmi2", "bmi2"},
                                                         {"lzcnt", "abm"},
                                                         {"avx512f", "avx512f"},
                                                         {"avx512bw", "avx512bw"},
                                                         {"avx512vl", "avx512vl"},
                                                         {"avx512vnni", "avx512_vnni"},
                                                         {"avx512bf16", "avx512_bf16"},
                                                         {"avxvnni", "avx_vnni"},
                                                         {"gfni", "gfni"},
                                                         {"avx512vpopcntdq", "avx512_vpopcntdq"},
                                                         {"avx512bitalg", "avx512_bitalg"},
                                                         {"avx512vbmi", "avx512vbmi"},
                                                         {"avx512vbmi2", "avx512_vbmi2"},
                                                         {"sha", "sha_ni"},
                                                         {"pclmul", "pclmulqdq"}};
  for (auto [ours, linux] : names)
    EXPECT_EQ(nibble_cpu_has(ours), flags.find(std::string(" ") + linux + " ") != std::string::npos) << ours;
#endif
}

} // namespace
