/* Shared by the row codecs: a layout in, a row out. Inside hub/core only. */
#ifndef HUB_CORE_ROW_CODEC_H
#define HUB_CORE_ROW_CODEC_H

#include <rh/layout.h>

extern const struct rh_layout hub_hot_layout;
extern const struct rh_layout hub_referral_layout;
extern const struct rh_layout hub_share_layout;
extern const struct rh_layout hub_span_layout;

/* Write a row. writer->err tells whether it fitted. */
enum rh_err hub_row_write(const struct rh_layout *layout, const void *row,
                          struct rh_writer *writer);

/* Read a row that must be exactly `bytes`. RH_ERR_CORRUPT otherwise; *out is then zero. */
enum rh_err hub_row_read(const struct rh_layout *layout, struct rh_bytes bytes, void *out);

#endif
