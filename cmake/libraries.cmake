# Every outside library, once. The folder that is its one home links it (see DESIGN of the
# folders in README.md; tests/unit/check_includes keeps it true).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

foreach(pair
        "zmq:libzmq" "czmq:libczmq" "lmdb:lmdb" "sodium:libsodium" "crypto:libcrypto"
        "fyaml:libfyaml" "jansson:jansson" "xxhash:libxxhash" "cmocka:cmocka")
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 short)
    list(GET pair 1 module)
    pkg_check_modules(${short} REQUIRED IMPORTED_TARGET ${module})
    add_library(ext_${short} ALIAS PkgConfig::${short})
endforeach()

# Debian's msgpack-c 4.0 installs a pkg-config file named after the C++ package.
find_path(MSGPACK_INCLUDE_DIR msgpack.h REQUIRED)
find_library(MSGPACK_LIBRARY NAMES msgpackc msgpack-c REQUIRED)
add_library(ext_msgpack INTERFACE)
target_include_directories(ext_msgpack SYSTEM INTERFACE ${MSGPACK_INCLUDE_DIR})
target_link_libraries(ext_msgpack INTERFACE ${MSGPACK_LIBRARY})

find_library(UNISTRING_LIBRARY unistring REQUIRED)
add_library(ext_unistring INTERFACE)
target_link_libraries(ext_unistring INTERFACE ${UNISTRING_LIBRARY})
