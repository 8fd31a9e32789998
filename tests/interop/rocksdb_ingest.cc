// Lets RocksDB read our files: ingests them into a fresh DB and answers questions from stdin.
//
// usage: rocksdb_ingest DB_FOLDER SST...
//   get TS KEY       -> "value HEX" or "absent"
//   scan TS          -> "row KEY VALUE" a line, then "end"
// KEY and VALUE are hex ("-" is empty), TS is decimal.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <rocksdb/comparator.h>
#include <rocksdb/db.h>

namespace rocksdb
{
// Exported by the library, though its header does not declare it.
extern const Comparator *BytewiseComparatorWithU64Ts();
} // namespace rocksdb

static void require(const rocksdb::Status &status)
{
    if (!status.ok()) {
        std::cerr << status.ToString() << std::endl;
        std::exit(1);
    }
}

static std::string from_hex(const std::string &text)
{
    std::string bytes;
    for (size_t at = 0; text != "-" && at + 1 < text.size(); at += 2)
        bytes += static_cast<char>(std::stoi(text.substr(at, 2), nullptr, 16));
    return bytes;
}

static std::string to_hex(const rocksdb::Slice &bytes)
{
    return bytes.empty() ? "-" : bytes.ToString(true);
}

static std::string encoded(uint64_t ts)
{
    std::string bytes;
    for (int shift = 0; shift < 64; shift += 8)
        bytes += static_cast<char>(ts >> shift);
    return bytes;
}

static void answer_get(rocksdb::DB *db, const rocksdb::ReadOptions &at, const std::string &key)
{
    std::string value;
    rocksdb::Status status = db->Get(at, key, &value);
    if (status.IsNotFound()) {
        std::cout << "absent" << std::endl;
        return;
    }
    require(status);
    std::cout << "value " << to_hex(value) << std::endl;
}

static void answer_scan(rocksdb::DB *db, const rocksdb::ReadOptions &at)
{
    std::unique_ptr<rocksdb::Iterator> rows(db->NewIterator(at));
    for (rows->SeekToFirst(); rows->Valid(); rows->Next())
        std::cout << "row " << to_hex(rows->key()) << " " << to_hex(rows->value()) << "\n";
    require(rows->status());
    std::cout << "end" << std::endl;
}

static rocksdb::DB *open_fresh(const std::string &folder, const std::vector<std::string> &files)
{
    rocksdb::Options options;
    options.create_if_missing = true;
    options.error_if_exists = true;
    options.comparator = rocksdb::BytewiseComparatorWithU64Ts();
    rocksdb::DB *db = nullptr;
    require(rocksdb::DB::Open(options, folder, &db));
    require(db->IngestExternalFile(files, rocksdb::IngestExternalFileOptions()));
    return db;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    std::unique_ptr<rocksdb::DB> db(open_fresh(argv[1], std::vector<std::string>(argv + 2, argv + argc)));
    std::string question, key;
    uint64_t ts;
    while (std::cin >> question >> ts) {
        std::string bytes = encoded(ts);
        rocksdb::Slice slice(bytes);
        rocksdb::ReadOptions at;
        at.timestamp = &slice;
        if (question == "scan")
            answer_scan(db.get(), at);
        else if (std::cin >> key)
            answer_get(db.get(), at, from_hex(key));
    }
    return 0;
}
