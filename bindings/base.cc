// Binds the base words: addresses, hashes, seeded randomness.
#include <pybind11/numpy.h>
#include <pybind11/operators.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <array>
#include <cmath>

#include "bindings/columns.h"
#include "bindings/convert.h"
#include "bindings/module.h"
#include "model/address.h"
#include "model/hash.h"
#include "model/machine.h"
#include "model/random.h"

namespace py = pybind11;

namespace poise::python {

Duration duration_of(double seconds, const char* name) {
  if (!std::isfinite(seconds) || std::abs(seconds) > 9e9)
    throw py::value_error(std::string(name) + " is " +
                          py::repr(py::float_(seconds)).cast<std::string>() +
                          "; it must be a finite number of seconds");
  return from_seconds(seconds);
}

Instant instant_of(double seconds) {
  return Instant{duration_of(seconds, "now_s")};
}

Address address_of(py::handle address) {
  if (py::isinstance<Address>(address)) return address.cast<Address>();
  if (py::isinstance<py::str>(address))
    if (const auto parsed = Address::parse(address.cast<std::string>())) return *parsed;
  throw py::value_error(py::repr(address).cast<std::string>() + " is not an IPv4 or IPv6 address");
}

namespace {

void bind_address(py::module_& module) {
  py::class_<Address>(module, "Address", "An IPv4 or IPv6 address: a value that sorts and hashes.")
      .def(py::init([](py::handle text) { return address_of(text); }), py::arg("text"),
           "From its text (dotted quad or RFC 4291). Raises ValueError.")
      .def_property_readonly(
          "version", [](const Address& a) { return static_cast<int>(a.family()); }, "4 or 6.")
      .def_property_readonly(
          "packed",
          [](const Address& a) {
            const auto& bytes = a.bytes();
            const std::size_t skipped = a.is_v4() ? 12 : 0;
            return bytes_of(std::span(bytes).subspan(skipped));
          },
          "Its 4 or 16 bytes in network order.")
      .def("__str__", &Address::to_string)
      .def("__repr__", [](const Address& a) { return "Address('" + a.to_string() + "')"; })
      .def("__hash__",
           [](const Address& a) { return static_cast<Py_hash_t>(siphash24({}, a.bytes()) >> 2); })
      .def(py::self == py::self)
      .def(py::self < py::self);
}

void bind_random(py::module_& module) {
  py::class_<Rng>(
      module, "Rng",
      "Seeded randomness (xoshiro256** 1.0): the same seed gives the same numbers on every\n"
      "machine. Two streams of one seed are independent.")
      .def(py::init<std::uint64_t, std::uint64_t>(), py::arg("seed"), py::kw_only(),
           py::arg("stream") = 0)
      .def(
          "next",
          [](Rng& rng, std::size_t count) {
            py::array_t<std::uint64_t> out(static_cast<py::ssize_t>(count));
            for (std::size_t i = 0; i < count; ++i) out.mutable_data()[i] = rng.next();
            return out;
          },
          py::arg("count"), "`count` numbers, uniform over 64 bits: uint64[count].")
      .def(
          "uniform",
          [](Rng& rng, std::size_t count) {
            py::array_t<double> out(static_cast<py::ssize_t>(count));
            for (std::size_t i = 0; i < count; ++i) out.mutable_data()[i] = rng.uniform();
            return out;
          },
          py::arg("count"), "`count` numbers, uniform in [0, 1): float64[count].")
      .def_property_readonly("digest", &Rng::digest, "A hash of its state.");
}

}  // namespace

void bind_base(py::module_& module) {
  bind_address(module);
  bind_random(module);
  py::enum_<Verdict>(module, "Verdict", "What a machine decides about a packet.")
      .value("PASS", Verdict::pass, "Not ours, or ours to keep: the host's own stack takes it.")
      .value("FORWARD", Verdict::forward, "Rewritten: route it by its (new) destination.")
      .value("DROP", Verdict::drop, "Gone, and counted with a reason.");
  module.def(
      "siphash24",
      [](const py::bytes& data, std::uint64_t k0, std::uint64_t k1) {
        return siphash24(SipKey{k0, k1}, std::string_view(data));
      },
      py::arg("data"), py::kw_only(), py::arg("k0") = 0, py::arg("k1") = 0,
      "SipHash-2-4 of `data` under the key (k0, k1), as an integer of 64 bits\n"
      "(Aumasson, Bernstein: \"SipHash: a fast short-input PRF\", INDOCRYPT 2012).");
}

}  // namespace poise::python
