// From the settings of a stream's credentials to the credentials.
#pragma once

#include "realnet/control/credentials.h"
#include "realnet/daemon/settings/settings.h"

namespace poise::realnet {

// Reads the files; throws SystemError. REQUIRES: the settings were checked.
Credentials load_credentials(const CredentialSettings& settings);

}  // namespace poise::realnet
