// A user's program: includes from the installed tree, links the installed rooms.
#include <cstdio>
#include <span>
#include <string_view>

#include "model/hash.h"

int main() {
  const poise::SipKey key{0xdeadbabe, 0};
  const bool right = poise::siphash24(key, std::string_view("backend-1")) == 0xe9559a09a4f1b385u;
  std::puts(right ? "ok" : "wrong");
  return right ? 0 : 1;
}
