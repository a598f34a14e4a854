// Certificates: read from PEM files into a TLS context, and the name that one carries.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <string>

namespace poise::realnet {

// All three throw SystemError: "read PATH: why".
void use_certificate(SSL_CTX* context, const std::string& path);
// After use_certificate: "use PATH: it is not the key of ...".
void use_key(SSL_CTX* context, const std::string& path);
void use_authority(SSL_CTX* context, const std::string& path);

// The first DNS name of its subject alternative names, or else its common name; empty when it has
// neither, or one that is not printable ASCII without spaces.
std::string name_in(const X509* certificate);

}  // namespace poise::realnet
