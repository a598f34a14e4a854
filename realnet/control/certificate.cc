// Certificates: read from PEM files into a TLS context, and the name that one carries.
#include "realnet/control/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

#include "realnet/control/secret_file.h"
#include "realnet/control/shared_keys.h"
#include "realnet/system/error.h"

namespace poise::realnet {
namespace {

template <auto free_it>
struct Free {
  template <class T>
  void operator()(T* thing) const {
    free_it(thing);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using GeneralNames = std::unique_ptr<GENERAL_NAMES, Free<GENERAL_NAMES_free>>;

// What OpenSSL complained about first; its queue is emptied.
std::string complaint() {
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  ERR_clear_error();
  return reason != nullptr ? reason : "OpenSSL says no more";
}

Bio over(const std::string& text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// An encrypted key must not make a daemon ask its terminal.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

Certificate next_certificate(BIO* bio) {
  return Certificate(PEM_read_bio_X509(bio, nullptr, no_passphrase, nullptr));
}

std::string text_of(const ASN1_STRING* string) {
  const unsigned char* data = ASN1_STRING_get0_data(string);
  const std::string text(reinterpret_cast<const char*>(data),
                         static_cast<std::size_t>(ASN1_STRING_length(string)));
  const bool fine =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  return fine ? text : "";
}

}  // namespace

void use_certificate(SSL_CTX* context, const std::string& path) {
  const std::string text = read_file(path);
  const Bio bio = over(text);
  const Certificate leaf = next_certificate(bio.get());
  if (!leaf) throw SystemError("read " + path, "no PEM certificate: " + complaint());
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1)
    throw SystemError("use " + path, complaint());
  while (const Certificate link = next_certificate(bio.get()))
    if (SSL_CTX_add1_chain_cert(context, link.get()) != 1)
      throw SystemError("use " + path, complaint());
  ERR_clear_error();  // of the end of the file
  if (name_in(leaf.get()).empty())
    throw SystemError("use " + path, "it has neither a DNS name nor a common name");
}

void use_key(SSL_CTX* context, const std::string& path) {
  const Secret text(read_secret_file(path));
  const Bio bio = over(text.bytes());
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (!key) throw SystemError("read " + path, "no PEM key without a passphrase: " + complaint());
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    throw SystemError("use " + path, "it is not the certificate's key: " + complaint());
}

void use_authority(SSL_CTX* context, const std::string& path) {
  const std::string text = read_file(path);
  const Bio bio = over(text);
  int count = 0;
  while (const Certificate authority = next_certificate(bio.get()))
    count += X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get());
  if (count == 0) throw SystemError("read " + path, "no PEM certificate: " + complaint());
  ERR_clear_error();  // of the end of the file
}

std::string name_in(const X509* certificate) {
  const GeneralNames names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_DNS) return text_of(name->d.dNSName);
  }
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return "";
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

}  // namespace poise::realnet
