// The file of pre-shared keys, and the sessions that they stand for.
#include "realnet/control/shared_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "model/check.h"
#include "realnet/control/secret_file.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

constexpr std::size_t kKeyBytesMin = 32;
constexpr std::size_t kKeyBytesMax = 64;
constexpr std::size_t kIdentityMax = 64;

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const char* end = text.data() + i + 2;
    if (std::from_chars(text.data() + i, end, value, 16).ptr != end) return std::nullopt;
    bytes.push_back(static_cast<char>(value));
  }
  return bytes;
}

Secret key_of(std::string_view text, const std::string& where) {
  std::optional<std::string> bytes = from_hex(text);
  if (!bytes) throw SystemError(where, "the key is not hexadecimal");
  if (bytes->size() < kKeyBytesMin || bytes->size() > kKeyBytesMax)
    throw SystemError(where, "the key has " + std::to_string(bytes->size()) +
                                 " bytes; allowed: 32 to 64 (make one: openssl rand -hex 32)");
  return Secret(std::move(*bytes));
}

void take_line(SharedKeys& keys, std::string_view line, const std::string& identity,
               const std::string& where) {
  const std::size_t colon = line.find(':');
  const bool proves_name = colon != std::string_view::npos;
  const std::string name = proves_name ? std::string(line.substr(0, colon)) : identity;
  if (name.empty() || name.size() > kIdentityMax)
    throw SystemError(where, "a key needs an identity of 1 to 64 characters in front: web1:...");
  SharedKey key{key_of(proves_name ? line.substr(colon + 1) : line, where), proves_name};
  if (!keys.try_emplace(name, std::move(key)).second)
    throw SystemError(where, "there are two keys of " + name);
}

int keyring_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Where a stream keeps the entry of its key.
int entry_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

const Keyring& keyring_of(const SSL* ssl) {
  return *static_cast<Keyring*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keyring_index()));
}

// The TLS 1.3 session that an external key stands for (RFC 8446, 4.2.11); the caller owns it.
// Null: OpenSSL has no memory for it.
SSL_SESSION* session_of(SSL* ssl, const Secret& key) {
  static constexpr std::array<unsigned char, 2> kAes128GcmSha256{0x13, 0x01};
  const SSL_CIPHER* cipher = SSL_CIPHER_find(ssl, kAes128GcmSha256.data());
  SSL_SESSION* session = SSL_SESSION_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(key.bytes().data());
  if (session != nullptr && cipher != nullptr &&
      SSL_SESSION_set1_master_key(session, bytes, key.bytes().size()) == 1 &&
      SSL_SESSION_set1_id_context(session, kSessionContext.data(), kSessionContext.size()) == 1 &&
      SSL_SESSION_set_cipher(session, cipher) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1)
    return session;
  SSL_SESSION_free(session);
  return nullptr;
}

// Offers the entry's key to the handshake; OpenSSL's callbacks return 1 for done.
int take_key(SSL* ssl, const SharedKeys::value_type& entry, SSL_SESSION** session) {
  SSL_set_ex_data(ssl, entry_index(), const_cast<SharedKeys::value_type*>(&entry));
  *session = session_of(ssl, entry.second.secret);
  return *session != nullptr ? 1 : 0;
}

// A listener's: the key of the identity that a peer shows. An unknown one is no error here: the
// handshake goes on without a key, and fails because there is no certificate to show either.
int find_key(SSL* ssl, const unsigned char* identity, std::size_t length, SSL_SESSION** session) {
  *session = nullptr;
  const SharedKeys& keys = keyring_of(ssl).keys;
  const auto found = keys.find(std::string_view(reinterpret_cast<const char*>(identity), length));
  return found == keys.end() ? 1 : take_key(ssl, *found, session);
}

// A dialer's: the key that it shows.
int show_key(SSL* ssl, const EVP_MD*, const unsigned char** identity, std::size_t* length,
             SSL_SESSION** session) {
  *session = nullptr;
  const Keyring& keyring = keyring_of(ssl);
  const auto shown = keyring.keys.find(keyring.shown);
  if (shown == keyring.keys.end()) return 1;
  *identity = reinterpret_cast<const unsigned char*>(shown->first.data());
  *length = shown->first.size();
  return take_key(ssl, *shown, session);
}

}  // namespace

Secret::~Secret() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

SharedKeys read_shared_keys(const std::string& path, const std::string& identity) {
  const Secret text(read_secret_file(path));
  SharedKeys keys;
  std::string_view rest = text.bytes();
  for (int number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    take_line(keys, line, identity, "read " + path + ": line " + std::to_string(number));
  }
  if (keys.empty()) throw SystemError("read " + path, "no key stands in it");
  return keys;
}

void use_shared_keys(SSL_CTX* context, const Keyring& keyring) {
  // The suites whose hash is that of the sessions that keys stand for.
  POISE_CHECK(SSL_CTX_set_ciphersuites(context,
                                       "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256") == 1);
  SSL_CTX_set_ex_data(context, keyring_index(), const_cast<Keyring*>(&keyring));
  SSL_CTX_set_psk_find_session_callback(context, find_key);
  SSL_CTX_set_psk_use_session_callback(context, show_key);
}

const SharedKeys::value_type* agreed_on(const SSL* ssl) {
  if (SSL_session_reused(ssl) != 1) return nullptr;
  return static_cast<const SharedKeys::value_type*>(SSL_get_ex_data(ssl, entry_index()));
}

}  // namespace poise::realnet
