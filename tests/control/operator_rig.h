// A daemon's operator socket with a handler of the test's, and operators of several kinds.
#pragma once

#include <array>
#include <cerrno>
#include <future>
#include <memory>
#include <string>

#include "realnet/control/operator_client.h"
#include "realnet/control/operator_server.h"
#include "tests/control/authority.h"
#include "tests/control/rig.h"

namespace poise::realnet::testing {

struct OperatorRig {
  explicit OperatorRig(OperatorHandler handler, const OperatorLimits& limits = {})
      : server(std::make_unique<OperatorServer>(io, path, std::move(handler), limits,
                                                [this](std::string line) { log += line; })) {}

  // Runs something that blocks beside the io_context, and gives what it gave.
  template <class F>
  auto beside(F call) {
    auto result = std::async(std::launch::async, std::move(call));
    EXPECT_TRUE(run_until(io, [&] { return result.wait_for(0s) == std::future_status::ready; }));
    return result.get();
  }
  Answer asks(const Answer& request) {
    return beside([&] { return ask(path, request, 5s); });
  }
  // What comes back for raw bytes, until the server closes or a whole line is there.
  std::string says(const std::string& bytes) {
    const Fd client = connect_to(path);
    std::string answer;
    std::size_t sent = 0;
    EXPECT_TRUE(run_until(io, [&] {
      if (sent < bytes.size()) {
        const ssize_t count = ::send(client.get(), bytes.data() + sent, bytes.size() - sent,
                                     MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count > 0) sent += static_cast<std::size_t>(count);
        if (sent == bytes.size()) ::shutdown(client.get(), SHUT_WR);
      }
      std::array<char, 4096> piece{};
      const ssize_t count = ::recv(client.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (count > 0) answer.append(piece.data(), static_cast<std::size_t>(count));
      return count == 0 || (count < 0 && errno == ECONNRESET);
    }));
    return answer;
  }

  Folder folder;
  std::string path = folder.path("poise.sock");
  std::string log;
  asio::io_context io;
  std::unique_ptr<OperatorServer> server;
};

}  // namespace poise::realnet::testing
