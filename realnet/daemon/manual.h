// The manual pages of poised, from the table of roles and the schema of their settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace poise::realnet {

// "poised.8", "poised-balancer.toml.5", ...
std::vector<std::string> manual_pages();

// A page's text, in man(7)'s language. REQUIRES: the page is one of manual_pages().
std::string manual_page(std::string_view page);

}  // namespace poise::realnet
