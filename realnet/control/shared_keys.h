// The file of pre-shared keys, and how TLS takes them.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <map>
#include <string>
#include <string_view>

namespace poise::realnet {

// What a context and its sessions must share (SSL_CTX_set_session_id_context).
inline constexpr std::array<unsigned char, 5> kSessionContext{'p', 'o', 'i', 's', 'e'};

// A key that wipes itself.
class Secret {
 public:
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  Secret& operator=(Secret&&) = delete;
  ~Secret();

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

struct SharedKey {
  Secret secret;
  bool proves_name = false;  // one peer's alone; else of many
};
using SharedKeys = std::map<std::string, SharedKey, std::less<>>;  // by identity

// A line "<identity>:<hex>" is one peer's key, a line "<hex>" that of all who call themselves
// `identity`. Throws SystemError: "read PATH: line 3: ...". Never shows a key.
SharedKeys read_shared_keys(const std::string& path, const std::string& identity);

// The keys that we believe, and the identity that we show when we dial (none: we cannot dial).
struct Keyring {
  SharedKeys keys;
  std::string shown;
};

// Keeps a reference to the keyring, which must outlive the context.
void use_shared_keys(SSL_CTX* context, const Keyring& keyring);

// The entry of the keyring whose key both ends have shown; null: none.
const SharedKeys::value_type* agreed_on(const SSL* ssl);

}  // namespace poise::realnet
