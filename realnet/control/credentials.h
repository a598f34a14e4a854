// Who we are towards a peer, and whom we believe: certificates, a pre-shared key, or nobody.
#pragma once

#include <memory>
#include <string>
#include <vector>

typedef struct ssl_st SSL;
namespace boost::asio::ssl {
class context;
}

namespace poise::realnet {

// A value that may be copied; a stream keeps the credentials that it began with, so a reload makes
// new ones and leaves the streams that are up alone. TLS is 1.3 and nothing else, without session
// tickets, without resumption; both ends must prove themselves.
class Credentials {
 public:
  // PEM files. `key` must not be readable by group or others. `certificate` may be a chain, leaf
  // first. The peer must show a certificate that `authority` signed, within its dates, good for its
  // side (extended key usage), with a name: the first DNS name of its subject alternative names, or
  // else its common name.
  struct Certificates {
    std::string certificate;
    std::string key;
    std::string authority;
    std::vector<std::string> names_allowed;  // empty: every name that the authority signed
  };
  // A file of pre-shared keys in hex, of at least 32 bytes each (`openssl rand -hex 32`), not
  // readable by group or others. Empty lines and those that start with # are skipped.
  //   web1:8f3a...   the key of one peer, whose name it proves. A listener has a line for each.
  //   8f3a...        a key of many, who all show `identity`. It proves no name.
  struct KeyFile {
    std::string path;
    std::string identity;  // what we show when we dial; a listener needs it for a key of many
  };

  // No secrecy, no proof: only where the configuration says so in as many words.
  static Credentials plain();
  // Both throw SystemError: "read /etc/poise/key.pem: No such file or directory".
  static Credentials load(const Certificates& files);
  static Credentials load(const KeyFile& key);

  bool encrypted() const { return state_ != nullptr; }

  // For streams. The TLS context; REQUIRES: encrypted().
  boost::asio::ssl::context& context() const;
  // Who is at the other end of a finished handshake, or why it may not be there.
  struct Judgement {
    bool admitted = false;
    std::string name;  // when admitted; empty: by a key of many
    std::string why;   // when not
  };
  Judgement judge(const SSL* ssl) const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // none: plain text
};

}  // namespace poise::realnet
