// What this process takes of its host, from /proc.

#include <dirent.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

#include "realnet/daemon/metrics/figures.h"

namespace poise::realnet {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double size = 0, resident = 0;
  file >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  double count = -1;  // the one that is open to look
  while (folder && ::readdir(folder.get())) ++count;
  return folder ? count - 2 : 0;  // . and ..
}

// Seconds since the epoch: when the host booted, and how long after that we began.
double start_time() {
  std::ifstream process("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(process)), {});
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string field;
  for (int i = 3; i <= 22 && fields >> field; ++i) {
  }
  std::ifstream host("/proc/stat");
  double booted = 0;
  for (std::string word; host >> word;)
    if (word == "btime") host >> booted;
  return booted + std::strtod(field.c_str(), nullptr) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void write_process_figures(Exposition& exposition) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  exposition.counter("process_cpu_seconds_total", "User and system time spent.",
                     seconds(usage.ru_utime) + seconds(usage.ru_stime));
  exposition.gauge("process_resident_memory_bytes", "Memory in use.", resident_bytes());
  exposition.gauge("process_open_fds", "Open descriptors.", open_descriptors());
  exposition.gauge("process_start_time_seconds", "When it began, since the epoch.", start_time());
}

}  // namespace poise::realnet
