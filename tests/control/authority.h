// A certificate authority in a folder of its own, and files of keys: what TLS is tested with.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <memory>
#include <string>

#include "realnet/control/credentials.h"

namespace poise::realnet::testing {

// A folder that goes with its owner.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(const std::string& name) const { return (path_ / name).string(); }
  // Writes a file with a mode and gives its path.
  std::string write(const std::string& name, const std::string& text, unsigned mode = 0600) const;

 private:
  std::filesystem::path path_;
};

class Authority {
 public:
  Authority();

  struct Wish {
    std::string common_name;
    std::string dns_name;            // empty: no subject alternative name
    long days_left = 1;              // negative: expired
    std::string extended_key_usage;  // empty: good for both sides
  };
  // The files of a certificate that it signed.
  Credentials::Certificates issue(const Wish& wish);

  const Folder& folder() const { return folder_; }

 private:
  using Key = std::shared_ptr<EVP_PKEY>;
  using Certificate = std::shared_ptr<X509>;
  Certificate sign(const Wish& wish, const Key& key, bool is_authority);

  Folder folder_;
  Key key_;
  Certificate certificate_;
  long serial_ = 0;
};

// A file of one line: `identity` with a key of 32 bytes, each of them `byte`.
Credentials::KeyFile key_file(const Folder& folder, const std::string& identity, int byte);

}  // namespace poise::realnet::testing
