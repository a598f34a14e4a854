// Network namespaces, entered and given back.
#include "realnet/system/namespace.h"

#include <fcntl.h>
#include <sched.h>

#include "model/check.h"
#include "realnet/system/error.h"

namespace poise::realnet {

EnterNamespace::EnterNamespace(const std::string& path)
    : before_(checked(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC),
                      "open /proc/thread-self/ns/net")) {
  const Fd target(checked(::open(path.c_str(), O_RDONLY | O_CLOEXEC), "open " + path));
  checked(::setns(target.get(), CLONE_NEWNET), "setns " + path);
}

EnterNamespace::~EnterNamespace() {
  POISE_CHECK(::setns(before_.get(), CLONE_NEWNET) == 0);
}

}  // namespace poise::realnet
