// A certificate authority in a folder of its own, and files of keys.
#include "tests/control/authority.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "model/check.h"

namespace poise::realnet::testing {
namespace {

template <class Write>
std::string pem(Write write) {
  const std::shared_ptr<BIO> bio(BIO_new(BIO_s_mem()), BIO_free);
  POISE_CHECK(write(bio.get()) == 1);
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::shared_ptr<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()), X509_EXTENSION_free);
  POISE_CHECK(X509_add_ext(certificate, extension.get(), -1) == 1);
}

}  // namespace

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "poise_control_XXXXXX").string();
  POISE_CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text, unsigned mode) const {
  std::ofstream(path(name)) << text;
  POISE_CHECK(::chmod(path(name).c_str(), mode) == 0);
  return path(name);
}

Authority::Authority() : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
  certificate_ = sign({.common_name = "authority"}, key_, true);
  folder_.write("ca.pem",
                pem([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate_.get()); }));
}

Credentials::Certificates Authority::issue(const Wish& wish) {
  const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const Certificate certificate = sign(wish, key, false);
  const std::string stem = std::to_string(serial_);
  return {.certificate = folder_.write(stem + ".pem", pem([&](BIO* bio) {
                                         return PEM_write_bio_X509(bio, certificate.get());
                                       })),
          .key = folder_.write(stem + ".key", pem([&](BIO* bio) {
                                 return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr,
                                                                 0, nullptr, nullptr);
                               })),
          .authority = folder_.path("ca.pem")};
}

Authority::Certificate Authority::sign(const Wish& wish, const Key& key, bool is_authority) {
  constexpr long kDay = 24 * 3600;
  const Certificate made(X509_new(), X509_free);
  X509* issuer = is_authority ? made.get() : certificate_.get();
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial_);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -30 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), wish.days_left * kDay);
  X509_set_pubkey(made.get(), key.get());
  if (!wish.common_name.empty())
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                               -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  extend(made.get(), issuer, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!wish.dns_name.empty())
    extend(made.get(), issuer, NID_subject_alt_name, "DNS:" + wish.dns_name);
  if (!wish.extended_key_usage.empty())
    extend(made.get(), issuer, NID_ext_key_usage, wish.extended_key_usage);
  POISE_CHECK(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0);
  return made;
}

Credentials::KeyFile key_file(const Folder& folder, const std::string& identity, int byte) {
  std::array<char, 3> pair{};
  std::snprintf(pair.data(), pair.size(), "%02x", static_cast<unsigned>(byte) & 0xff);
  std::string line = identity + ":";
  for (int i = 0; i < 32; ++i) line += pair.data();
  return {.path = folder.write(identity + std::to_string(byte), "# of a test\n" + line + "\n"),
          .identity = identity};
}

}  // namespace poise::realnet::testing
