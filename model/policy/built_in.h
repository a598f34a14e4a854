// The makers of the built-in policies, for catalogue.cc alone. Their configuration was checked.
#pragma once

#include <memory>

#include "model/policy/policy.h"

namespace poise::policy {

std::unique_ptr<Policy> make_hash_mod_n(const Config& config);
std::unique_ptr<Policy> make_jump(const Config& config);
std::unique_ptr<Policy> make_least_connections(const Config& config);
std::unique_ptr<Policy> make_maglev(const Config& config);
std::unique_ptr<Policy> make_maglev_caplance(const Config& config);
std::unique_ptr<Policy> make_maglev_envoy(const Config& config);
std::unique_ptr<Policy> make_maglev_katran_v1(const Config& config);
std::unique_ptr<Policy> make_maglev_katran_v2(const Config& config);
std::unique_ptr<Policy> make_power_of_two(const Config& config);
std::unique_ptr<Policy> make_random(const Config& config);
std::unique_ptr<Policy> make_rendezvous(const Config& config);
std::unique_ptr<Policy> make_ring(const Config& config);
std::unique_ptr<Policy> make_round_robin(const Config& config);

}  // namespace poise::policy
