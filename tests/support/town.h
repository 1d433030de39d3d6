/* The cast of the decide tests: a city above a county with its agencies, in one world. */
#ifndef RHT_TOWN_H
#define RHT_TOWN_H

#include <stdlib.h>

#include <rh/refusal.h>

#include "support/world.h"

struct rht_town {
    struct rht_world *w;
    uint32_t city, petitions, procuratorate, court, police, discipline;
};

static inline int rht_town_open(void **state)
{
    struct rht_town *t = calloc(1, sizeof(*t));
    if (t == NULL)
        return -1;
    t->w = rht_world_open();
    t->city = rht_world_agency(t->w, "petitions.620400", 0);
    t->petitions = rht_world_agency(t->w, "petitions.620423", t->city);
    t->procuratorate = rht_world_agency(t->w, "procuratorate.620423", t->city);
    t->court = rht_world_agency(t->w, "court.620423", t->city);
    t->police = rht_world_agency(t->w, "police.620423", t->city);
    t->discipline = rht_world_agency(t->w, "discipline.620423", 0);
    *state = t;
    return 0;
}

static inline int rht_town_close(void **state)
{
    struct rht_town *t = *state;
    rht_world_close(t->w);
    free(t);
    return 0;
}

#define RHT_TOWN_TEST(name) cmocka_unit_test_setup_teardown(name, rht_town_open, rht_town_close)

#define STATE_IS(t, number, name) \
    assert_int_equal(rht_world_row((t)->w, (number))->state, RH_STATE_##name)
#define HOLDER_IS(t, number, who) \
    assert_int_equal(rht_world_row((t)->w, (number))->holder, (t)->who)
#define CLOCK_IS(t, number, limit, name)                          \
    assert_int_equal(rht_world_clock((t)->w, (number), (limit))->status, \
                     HUB_DEADLINE_##name)
#define OK(call) assert_int_equal((call), 0)
#define REFUSED(call, symbol) assert_int_equal((call), RH_REFUSE_##symbol)

#endif
