// One record of the replication stream, to bytes and back (message Record of replication.proto).
#pragma once

#include <cstdint>
#include <span>

#include "model/tcp/connection/record.h"
#include "model/tcp/replication/gathered.h"

namespace poise::tcp {

// No record is longer than its blob and its extents and this.
inline constexpr std::size_t kRecordOverheadMax = 512;

// At least as many bytes as the record takes.
std::size_t size_bound(const Record& record);

// Appends field `number` of an enclosing message: the record, its long extents lent.
void write_record(Gathered& out, std::uint32_t number, const Record& record);

// The record's fields; spans point into `bytes`. REQUIRES: `record` is Record{}. False when these
// bytes are no record, or say what a record cannot hold.
[[nodiscard]] bool read_record(std::span<const std::uint8_t> bytes, Record& record);

}  // namespace poise::tcp
