// A HostSetup and its thread.
#include "realnet/daemon/host_keeper.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "realnet/system/error.h"

namespace poise::realnet {

HostKeeper::HostKeeper(boost::asio::io_context& io, const std::string& folder,
                       const std::string& name, HostSetup::Log log)
    : io_(io), setup_(folder, name, std::move(log)) {}

HostKeeper::~HostKeeper() {
  worker_.stop();
  worker_.join();
}

void HostKeeper::apply_soon(HostPlan plan, Done done) {
  boost::asio::post(worker_, [this, plan = std::move(plan), done = std::move(done)]() mutable {
    std::string why_not;
    try {
      setup_.apply(plan);
    } catch (const SystemError& error) {
      why_not = error.what();
    }
    boost::asio::post(io_,
                      [why_not = std::move(why_not), done = std::move(done)] { done(why_not); });
  });
}

void HostKeeper::look(std::function<void(bool)> tell) {
  boost::asio::post(worker_, [this, tell = std::move(tell)]() mutable {
    bool is_in_place = false;
    try {
      is_in_place = setup_.is_in_place();
    } catch (const SystemError&) {  // who cannot be asked is not in order
    }
    boost::asio::post(io_, [is_in_place, tell = std::move(tell)] { tell(is_in_place); });
  });
}

void HostKeeper::mend_soon(std::function<void(bool, const std::string&)> tell) {
  boost::asio::post(worker_, [this, tell = std::move(tell)]() mutable {
    bool mended = false;
    std::string why_not;
    try {
      mended = setup_.mend();
    } catch (const SystemError& error) {
      why_not = error.what();
    }
    boost::asio::post(io_, [mended, why_not = std::move(why_not), tell = std::move(tell)] {
      tell(mended, why_not);
    });
  });
}

void HostKeeper::undo() {
  worker_.stop();
  worker_.join();
  setup_.undo();
}

}  // namespace poise::realnet
