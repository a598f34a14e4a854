// What a message of Protocol Buffers' own library means, as our values.
#pragma once

#include <replication.pb.h>

#include "model/tcp/replication/stream.h"

namespace poise::tcp {

// Spans point into the message. Nothing when it means nothing that StreamMessage can hold.
std::optional<StreamMessage> value_of(const replication::StreamMessage& message);

}  // namespace poise::tcp
