// What serves a script's connections by itself, when the script wants that.
#pragma once

#include <memory>
#include <string>

#include "model/tcp/application/application.h"

namespace poise::tcp::script {

// quiet: nothing, the script's verbs do it all. reader: reads whatever comes. echo: says it again,
// and closes when the peer has.
std::unique_ptr<Application> make_application(const std::string& kind);

}  // namespace poise::tcp::script
