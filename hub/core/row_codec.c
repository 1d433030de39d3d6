#include "core/row_codec.h"

enum rh_err hub_row_write(const struct rh_layout *layout, const void *row,
                          struct rh_writer *writer)
{
    rh_layout_write(layout, row, writer);
    return writer->err;
}

enum rh_err hub_row_read(const struct rh_layout *layout, struct rh_bytes bytes, void *out)
{
    struct rh_reader reader;
    rh_reader_init(&reader, bytes.data, bytes.bytes);
    rh_layout_read(layout, &reader, out);
    return rh_reader_finish(&reader) == RH_OK ? RH_OK : RH_ERR_CORRUPT;
}
