// Orders and figures over a socket of sequenced packets: each is whole.
#include "realnet/lab/fabric.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "model/check.h"
#include "realnet/system/error.h"

namespace poise::realnet::lab {

std::optional<FabricOrder> Fabric::next_order() {
  FabricOrder order;
  const ssize_t size = ::recv(orders_.get(), &order, sizeof order, MSG_DONTWAIT);
  if (size == sizeof order) return order;
  over_ = size >= 0 || (errno != EAGAIN && errno != EINTR);
  return std::nullopt;
}

void Fabric::tell(const std::string& name, std::int64_t value) {
  FabricFigure figure{.value = value};
  POISE_CHECK(name.size() < figure.name.size());
  std::memcpy(figure.name.data(), name.data(), name.size());
  checked(static_cast<int>(::send(orders_.get(), &figure, sizeof figure, MSG_NOSIGNAL)),
          "tell the lab " + name);
}

}  // namespace poise::realnet::lab
