#include "sst/mv_sst_props.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/mv_error.h"

static sst_prop *props_at(const sst_props *p)
{
    return (sst_prop *)(void *)p->list.data;
}

static int compare_name(const sst_props *p, const sst_prop *prop, const char *name, size_t name_len)
{
    size_t shorter = prop->name_len < name_len ? prop->name_len : name_len;
    int order = memcmp(p->bytes.data + prop->name, name, shorter);
    return order != 0 ? order : (prop->name_len > name_len) - (prop->name_len < name_len);
}

/* Where the name belongs; false if it is there already. */
static bool find_place(const sst_props *p, const char *name, size_t name_len, size_t *place)
{
    size_t count = p->list.len / sizeof(sst_prop);
    for (*place = 0; *place < count; ++*place) {
        int order = compare_name(p, &props_at(p)[*place], name, name_len);
        if (order >= 0)
            return order > 0;
    }
    return true;
}

int sst_props_add(sst_props *p, const char *name, const void *value, size_t value_len, mv_err *err)
{
    size_t name_len = strlen(name), place;
    if (!find_place(p, name, name_len, &place))
        return mv_fail(err, MV_E_INVALID, "property %s is given twice", name);
    sst_prop prop = {p->bytes.len, name_len, p->bytes.len + name_len, value_len};
    int rc = mv_buf_reserve(&p->bytes, p->bytes.len + name_len + value_len, err);
    if (rc == MV_OK)
        rc = mv_buf_reserve(&p->list, p->list.len + sizeof prop, err);
    if (rc != MV_OK)
        return rc;
    memcpy(p->bytes.data + prop.name, name, name_len);
    if (value_len > 0)
        memcpy(p->bytes.data + prop.value, value, value_len);
    p->bytes.len += name_len + value_len;
    sst_prop *at = props_at(p) + place;
    memmove(at + 1, at, p->list.len - place * sizeof prop);
    *at = prop;
    p->list.len += sizeof prop;
    return MV_OK;
}

int sst_props_number(sst_props *p, const char *name, sst_number form, uint64_t value, mv_err *err)
{
    uint8_t bytes[24];
    size_t len = 0;
    switch (form) {
    case SST_VARINT:
        len = mv_put_varint(bytes, value);
        break;
    case SST_LE32:
        mv_put_le32(bytes, (uint32_t)value);
        len = 4;
        break;
    case SST_LE64:
        mv_put_le64(bytes, value);
        len = 8;
        break;
    case SST_DECIMAL:
        len = (size_t)snprintf((char *)bytes, sizeof bytes, "%" PRIu64, value);
        break;
    }
    return sst_props_add(p, name, bytes, len, err);
}

int sst_props_build(const sst_props *p, sst_builder *block, mv_err *err)
{
    size_t count = p->list.len / sizeof(sst_prop);
    int rc = MV_OK;
    for (size_t i = 0; rc == MV_OK && i < count; i++) {
        const sst_prop *prop = &props_at(p)[i];
        rc = sst_builder_add_whole(block, p->bytes.data + prop->name, prop->name_len,
                                   p->bytes.data + prop->value, prop->value_len, false, err);
    }
    return rc;
}

void sst_props_free(sst_props *p)
{
    mv_buf_free(&p->bytes);
    mv_buf_free(&p->list);
}
