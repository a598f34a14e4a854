// Laws of dialling: every open is answered, in time, from the right address.
#include "tests/control/authority.h"
#include "tests/control/rig.h"

namespace poise::realnet {
namespace {

using namespace testing;

// A server that is no Listener: the kernel's backlog answers, nobody else.
struct SilentServer {
  explicit SilentServer(int backlog) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    EXPECT_EQ(::bind(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())), 0);
    EXPECT_EQ(::listen(fd.get(), backlog), 0);
    auto length = static_cast<socklen_t>(endpoint.capacity());
    EXPECT_EQ(::getsockname(fd.get(), endpoint.data(), &length), 0);
  }
  Dialer::Endpoint endpoint{asio::ip::make_address("127.0.0.1"), 0};
  Fd fd;
};

struct Dialling {
  explicit Dialling(const Credentials& credentials = Credentials::plain(),
                    const Limits& limits = {}, const std::string& local = "0.0.0.0")
      : dialer(io, asio::ip::make_address(local), credentials, limits, diary.events()) {}
  bool until(const std::function<bool()>& done) { return run_until(io, done); }

  asio::io_context io;
  Diary diary;
  Dialer dialer;
};

TEST(Dialer, HearsDownWhenNobodyListens) {
  Dialling dialling;
  for (const char* nowhere : {"127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"}) {
    dialling.diary.peers.clear();
    dialling.dialer.open(3, {asio::ip::make_address(nowhere), 9});
    EXPECT_EQ(dialling.diary.downs(), 0) << "not from inside the call";
    ASSERT_TRUE(dialling.until([&] { return dialling.diary.peers[3].downs == 1; })) << nowhere;
    EXPECT_EQ(dialling.diary.ups(), 0);
  }
  EXPECT_EQ(dialling.dialer.counters()[StreamCount::connects_failed], 4u);
}

TEST(Dialer, HearsDownWhenAConnectionTakesTooLong) {
  const SilentServer full(0);
  const Fd first = raw_client(full.endpoint);  // fills the backlog: the kernel drops what comes now
  Dialling dialling(Credentials::plain(), {.connect_timeout = 80ms});
  dialling.dialer.open(3, full.endpoint);
  ASSERT_TRUE(dialling.until([&] { return dialling.diary.peers[3].downs == 1; }));
  EXPECT_EQ(dialling.dialer.counters()[StreamCount::connects_failed], 1u);
}

TEST(Dialer, HearsDownWhenAHandshakeTakesTooLong) {
  const SilentServer silent(8);
  Authority authority;
  Dialling dialling(Credentials::load(authority.issue({.common_name = "web1"})),
                    {.handshake_timeout = 80ms});
  dialling.dialer.open(3, silent.endpoint);
  ASSERT_TRUE(dialling.until([&] { return dialling.diary.peers[3].downs == 1; }));
  EXPECT_EQ(dialling.dialer.counters()[StreamCount::handshakes_timed_out], 1u);
}

TEST(Dialer, DialsFromItsOwnAddress) {
  const SilentServer server(8);
  Dialling dialling(Credentials::plain(), {}, "127.0.0.77");
  dialling.dialer.open(3, server.endpoint);
  ASSERT_TRUE(dialling.until([&] { return dialling.diary.ups() == 1; }));
  Dialer::Endpoint remote;
  auto length = static_cast<socklen_t>(remote.capacity());
  const Fd accepted(::accept(server.fd.get(), remote.data(), &length));
  EXPECT_EQ(remote.address().to_string(), "127.0.0.77");
}

TEST(Dialer, HearsDownWhenItsOwnAddressIsNotHere) {
  const SilentServer server(8);
  Dialling dialling(Credentials::plain(), {}, "192.0.2.7");
  dialling.dialer.open(3, server.endpoint);
  ASSERT_TRUE(dialling.until([&] { return dialling.diary.downs() == 1; }));
  EXPECT_NE(dialling.diary.log.at(0).find("bind 192.0.2.7:0"), std::string::npos);
}

TEST(Dialer, ForgetsWhatIsClosedBeforeItIsUp) {
  const SilentServer server(8);
  Dialling dialling;
  dialling.dialer.open(3, server.endpoint);
  dialling.dialer.close(3);
  ASSERT_TRUE(dialling.until([&] { return dialling.dialer.connection_count() == 0; }));
  EXPECT_TRUE(dialling.diary.peers.empty());
}

TEST(Dialer, AnswersTheLastOfTwoOpens) {
  const SilentServer server(8);
  Dialling dialling;
  dialling.dialer.open(3, {asio::ip::make_address("127.0.0.1"), 9});
  dialling.dialer.open(3, server.endpoint);
  ASSERT_TRUE(dialling.until([&] { return dialling.diary.peers[3].ups == 1; }));
  ASSERT_TRUE(dialling.until([&] { return dialling.dialer.connection_count() == 1; }));
  EXPECT_EQ(dialling.diary.downs(), 0);
}

}  // namespace
}  // namespace poise::realnet
