// One of three ways, as the rules of the settings made sure.
#include "realnet/daemon/settings/credentials.h"

namespace poise::realnet {

Credentials load_credentials(const CredentialSettings& settings) {
  if (settings.plain) return Credentials::plain();
  if (!settings.psk_file.empty())
    return Credentials::load(Credentials::KeyFile{settings.psk_file, settings.psk_identity});
  return Credentials::load(Credentials::Certificates{settings.certificate_file, settings.key_file,
                                                     settings.authority_file,
                                                     settings.allowed_names});
}

}  // namespace poise::realnet
