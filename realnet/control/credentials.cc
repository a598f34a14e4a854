// Who we are towards a peer, and whom we believe.
#include "realnet/control/credentials.h"

#include <openssl/x509.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>

#include "realnet/control/certificate.h"
#include "realnet/control/shared_keys.h"
#include "realnet/system/error.h"

namespace poise::realnet {

namespace ssl = boost::asio::ssl;

struct Credentials::State {
  std::vector<std::string> names_allowed;
  Keyring keyring;  // empty: certificates
  ssl::context context{ssl::context::tls};
};

namespace {

void harden(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context, kSessionContext.data(), kSessionContext.size());
  SSL_CTX_set_max_cert_list(context, 32 * 1024);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_verify_depth(context, 4);
}

}  // namespace

Credentials Credentials::plain() {
  return {};
}

Credentials Credentials::load(const Certificates& files) {
  Credentials credentials;
  credentials.state_ = std::make_shared<State>();
  SSL_CTX* context = credentials.state_->context.native_handle();
  harden(context);
  use_certificate(context, files.certificate);
  use_key(context, files.key);
  use_authority(context, files.authority);
  credentials.state_->names_allowed = files.names_allowed;
  return credentials;
}

Credentials Credentials::load(const KeyFile& key) {
  Credentials credentials;
  credentials.state_ = std::make_shared<State>();
  State& state = *credentials.state_;
  state.keyring = {read_shared_keys(key.path, key.identity), key.identity};
  if (!key.identity.empty() && !state.keyring.keys.contains(key.identity))
    throw SystemError("read " + key.path, "no key of \"" + key.identity + "\" stands in it");
  harden(state.context.native_handle());
  use_shared_keys(state.context.native_handle(), state.keyring);
  return credentials;
}

ssl::context& Credentials::context() const {
  return state_->context;
}

Credentials::Judgement Credentials::judge(const SSL* ssl) const {
  if (!state_->keyring.keys.empty()) {
    const SharedKeys::value_type* agreed = agreed_on(ssl);
    if (agreed == nullptr) return {.why = "it shares no key with us"};
    return {.admitted = true, .name = agreed->second.proves_name ? agreed->first : ""};
  }
  const X509* certificate = SSL_get0_peer_certificate(ssl);
  if (certificate == nullptr || SSL_get_verify_result(ssl) != X509_V_OK)
    return {.why = "its certificate is not verified"};
  const std::string name = name_in(certificate);
  if (name.empty()) return {.why = "its certificate carries no name"};
  const std::vector<std::string>& allowed = state_->names_allowed;
  if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), name) == allowed.end())
    return {.why = "its name " + name + " is not among those allowed"};
  return {.admitted = true, .name = name};
}

}  // namespace poise::realnet
