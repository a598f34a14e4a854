// The laws of files that are read and replaced whole.
#include "realnet/system/file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

class File : public testing::Test {
 protected:
  ~File() override { std::filesystem::remove(path_); }

  std::string read_back() const {
    const std::vector<std::uint8_t> bytes = read_bytes(path_);
    return {bytes.begin(), bytes.end()};
  }

  const std::string path_ = testing::TempDir() + "poise_file_test." + std::to_string(::getpid());
};

TEST_F(File, IsReadAsItWasWrittenWhateverItsSize) {
  for (const std::size_t size : {0, 1, 65535, 65536, 1000000}) {
    const std::string text(size, 'x');
    replace_file(path_, text);
    EXPECT_EQ(read_back(), text);
  }
}

TEST_F(File, OfTheKernelIsReadThoughItSaysThatItIsEmpty) {
  EXPECT_GT(read_bytes("/proc/self/smaps").size(), 1000u);
}

TEST_F(File, ThatIsNotThereIsNamed) {
  try {
    static_cast<void>(read_bytes(path_));
    FAIL();
  } catch (const SystemError& error) {
    EXPECT_EQ(error.what(), "read " + path_ + ": No such file or directory");
  }
}

}  // namespace
}  // namespace poise::realnet
