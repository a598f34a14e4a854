// Golden tables: grids in tests/tables/ that a reviewer reads in a diff. POISE_REWRITE=1 rewrites
// them.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace poise {

// Expects that tests/tables/`name` holds exactly `text`.
inline void expect_golden(const std::string& name, const std::string& text) {
  const std::string path = std::string(POISE_TEST_TABLES) + "/" + name;
  if (std::getenv("POISE_REWRITE")) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  ASSERT_TRUE(file) << path << " is missing; POISE_REWRITE=1 writes it";
  std::ostringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(golden.str(), text) << path
                                << " differs; if that is meant, POISE_REWRITE=1 rewrites it";
}

}  // namespace poise
