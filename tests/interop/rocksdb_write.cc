// Has RocksDB write an SST for our reader.
//
// usage: rocksdb_write FILE ORDER FORMAT_VERSION COMPRESSION INDEX_RESTART_INTERVAL CHECKSUM < rows
// ORDER is "bytes" or "u64ts"; COMPRESSION "none", "snappy", "zlib", "bzip2", "lz4", "lz4hc" or "zstd"; CHECKSUM "none",
// "crc32c", "xxhash", "xxhash64" or "xxh3". A row is "put KEY TS VALUE" or "delete KEY TS", KEY and VALUE in hex ("-" is empty), in order.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include <rocksdb/comparator.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

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

static std::string encoded(uint64_t ts)
{
    std::string bytes;
    for (int shift = 0; shift < 64; shift += 8)
        bytes += static_cast<char>(ts >> shift);
    return bytes;
}

static rocksdb::Options options_from(char **argv)
{
    const std::map<std::string, rocksdb::CompressionType> compressions = {
        {"none", rocksdb::kNoCompression},
        {"snappy", rocksdb::kSnappyCompression},
        {"zlib", rocksdb::kZlibCompression},
        {"bzip2", rocksdb::kBZip2Compression},
        {"lz4", rocksdb::kLZ4Compression},
        {"lz4hc", rocksdb::kLZ4HCCompression},
        {"zstd", rocksdb::kZSTD},
    };
    const std::map<std::string, rocksdb::ChecksumType> checksums = {{"none", rocksdb::kNoChecksum},
                                                                    {"crc32c", rocksdb::kCRC32c},
                                                                    {"xxhash", rocksdb::kxxHash},
                                                                    {"xxhash64", rocksdb::kxxHash64},
                                                                    {"xxh3", rocksdb::kXXH3}};
    rocksdb::BlockBasedTableOptions table;
    table.format_version = std::stoi(argv[3]);
    table.index_block_restart_interval = std::stoi(argv[5]);
    table.checksum = checksums.at(argv[6]);
    table.block_size = 256;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    rocksdb::Options options;
    options.db_host_id = ""; // files do not name the machine
    options.compression = compressions.at(argv[4]);
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    if (std::string(argv[2]) == "u64ts")
        options.comparator = rocksdb::BytewiseComparatorWithU64Ts();
    return options;
}

static void write_rows(rocksdb::SstFileWriter *writer, bool timed)
{
    std::string kind, key, value;
    uint64_t ts;
    while (std::cin >> kind >> key >> ts) {
        if (kind == "delete")
            require(timed ? writer->Delete(from_hex(key), encoded(ts)) : writer->Delete(from_hex(key)));
        else if (std::cin >> value)
            require(timed ? writer->Put(from_hex(key), encoded(ts), from_hex(value))
                          : writer->Put(from_hex(key), from_hex(value)));
    }
}

int main(int argc, char **argv)
{
    if (argc != 7)
        return 2;
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), options_from(argv));
    require(writer.Open(argv[1]));
    write_rows(&writer, std::string(argv[2]) == "u64ts");
    require(writer.Finish());
    return 0;
}
