// Conversions that every room's bindings share: times, addresses and bytes as Python writes them.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/address.h"
#include "model/time.h"
#include "model/wire/encapsulation.h"

namespace poise::python {

// Seconds as a float, rounded to nanoseconds. Throws ValueError when it is not finite or out of
// range.
Duration duration_of(double seconds, const char* name);
Instant instant_of(double seconds);

// An Address or its text. Throws ValueError that quotes what was given.
Address address_of(pybind11::handle address);

// The tunnel of this name. Throws ValueError that lists them.
wire::Encapsulation encapsulation_of(const std::string& name);

inline std::span<const std::uint8_t> span_of(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}
std::span<const std::uint8_t> span_of(const pybind11::bytes& bytes);
inline pybind11::bytes bytes_of(std::span<const std::uint8_t> bytes) {
  return pybind11::bytes(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace poise::python
