// A replica under any policy as one machine: input commit has a host of its own.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "model/tcp/host/host.h"
#include "model/tcp/host/input_host.h"

namespace poise::ns3world {

// Has the events and actions of both, and hands them on to the one that the policy asks for.
class FailoverMachine {
  template <class Call>
  auto to_it(Call call) const {
    return host_ ? call(*host_) : call(*input_);
  }

 public:
  explicit FailoverMachine(tcp::HostConfig config) {
    if (config.replication.policy == tcp::CommitPolicy::input)
      input_ = std::make_unique<tcp::InputHost>(std::move(config));
    else
      host_ = std::make_unique<tcp::Host>(std::move(config));
  }

  void start(Instant now) {
    to_it([&](auto& it) { it.start(now); });
  }
  Verdict on_packet(Instant now, Packet& packet) noexcept {
    return to_it([&](auto& it) { return it.on_packet(now, packet); });
  }
  void on_peer(Instant now, PeerId peer, PeerEvent event) {
    to_it([&](auto& it) { it.on_peer(now, peer, event); });
  }
  void on_message(Instant now, PeerId peer, std::span<const std::uint8_t> bytes) {
    to_it([&](auto& it) { it.on_message(now, peer, bytes); });
  }
  void on_timer(Instant now) {
    to_it([&](auto& it) { it.on_timer(now); });
  }
  std::optional<Packet> next_transmit() {
    return to_it([](auto& it) { return it.next_transmit(); });
  }
  std::optional<Message> next_message() {
    return to_it([](auto& it) { return it.next_message(); });
  }
  std::optional<Notice> next_notice() {
    return to_it([](auto& it) { return it.next_notice(); });
  }
  Instant next_deadline() const {
    return to_it([](const auto& it) { return it.next_deadline(); });
  }

  tcp::Role role() const {
    return to_it([](const auto& it) { return it.role(); });
  }
  std::uint64_t epoch() const {
    return to_it([](const auto& it) { return it.epoch(); });
  }
  std::uint64_t digest() const {
    return to_it([](const auto& it) { return it.digest(); });
  }

 private:
  std::unique_ptr<tcp::Host> host_;  // one of the two
  std::unique_ptr<tcp::InputHost> input_;
};

}  // namespace poise::ns3world
