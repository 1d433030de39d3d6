#include "daemon/watch.h"

#include "daemon/log.h"
#include "engine/hubtime.h"

#include <rh/keyfile.h>
#include <rh/refusal.h>
#include <rh/text.h>

#include <string.h>

enum { LOOK_MS = 100 };

/* The door ------------------------------------------------------------------------------ */

/* As `rhub key fingerprint` shows a card that holds this key alone. */
static void fingerprint(const uint8_t key[32], char out[RH_FINGERPRINT_BYTES])
{
    struct rh_card card = { .present = { [RH_KEY_TRANSPORT] = true } };
    memcpy(card.keys[RH_KEY_TRANSPORT], key, 32);
    rh_card_fingerprint(&card, out);
}

static void tell_stranger(const struct hub_notice *notice, struct hub_log_about *about)
{
    static const uint8_t none[32];
    char print[RH_FINGERPRINT_BYTES];
    about->from = notice->from;
    if (memcmp(notice->key, none, sizeof none) == 0) {
        hub_log(HUB_LOG_WARNING, "key_refused", about,
                _("somebody without a key tried to connect"));
        return;
    }
    fingerprint(notice->key, print);
    about->key = print;
    if (about->agency != NULL)
        hub_log(HUB_LOG_WARNING, "key_refused", about,
                _("this agency's key is suspended, revoked or replaced; connections with it "
                  "are refused"));
    else
        hub_log(HUB_LOG_WARNING, "key_refused", about,
                _("a key that belongs to no enrolled agency was refused; `rhub agency enrol` "
                  "if it should be known"));
}

static void tell_offline(const struct hub_notice *notice, struct hub_log_about *about)
{
    about->code = notice->code;
    if (notice->code == 0)
        hub_log(HUB_LOG_INFO, "agency_offline", about, _("the agency's connection ended"));
    else
        hub_logf(HUB_LOG_WARNING, "agency_offline", about,
                 _("the agency's session was ended: %s"), rh_refusal_title(notice->code));
}

static void tell(const struct hub_notice *notice)
{
    struct hub_log_about about = { .count = notice->count };
    if (notice->agency.text[0] != '\0')
        about.agency = notice->agency.text;
    switch (notice->type) {
    case HUB_NOTICE_ONLINE:
        about.detail = notice->software;
        hub_log(HUB_LOG_INFO, "agency_online", &about, _("the agency is connected"));
        break;
    case HUB_NOTICE_OFFLINE:
        tell_offline(notice, &about);
        break;
    case HUB_NOTICE_REFUSED:
        about.code = notice->code;
        hub_logf(HUB_LOG_WARNING, "hello_refused", &about,
                 _("the agency's greeting was refused: %s"), rh_refusal_title(notice->code));
        break;
    case HUB_NOTICE_REVOKED:
        hub_log(HUB_LOG_WARNING, "agency_revoked", &about,
                _("the agency may not connect any more: suspended, revoked or without keys"));
        break;
    case HUB_NOTICE_STRANGER:
        tell_stranger(notice, &about);
        break;
    case HUB_NOTICE_DOOR_UP:
        hub_log(HUB_LOG_INFO, "door_up", NULL, _("the door process serves again"));
        break;
    case HUB_NOTICE_DOOR_LOST:
        about.detail = notice->from;
        hub_log(HUB_LOG_ERROR, "door_lost", &about,
                _("the door process ended; another is started, agencies reconnect"));
        break;
    }
}

/* The engine ---------------------------------------------------------------------------- */

static void tell_clock(const struct hub_watch *watch, const struct hub_engine_health *now)
{
    if (now->firing_held && !watch->firing_held)
        hub_log(HUB_LOG_WARNING, "clock_held", NULL,
                _("the clock is not believed: intake goes on, deadlines are not judged; check "
                  "the machine's clock, then `rhub clock confirm --reason TEXT`"));
    if (!now->firing_held && watch->firing_held)
        hub_log(HUB_LOG_INFO, "clock_released", NULL,
                _("the clock is believed again, deadlines are judged"));
    if (now->jump_ms != watch->jump_ms && now->jump_ms != 0)
        hub_logf(HUB_LOG_WARNING, "wall_clock_jump", NULL,
                 _("the machine's clock is %+lld s away from hub time; ignored until "
                   "`rhub clock confirm --reason TEXT`"),
                 (long long)(now->jump_ms / 1000));
    if (now->jump_ms == 0 && watch->jump_ms != 0)
        hub_log(HUB_LOG_INFO, "wall_clock_agrees", NULL,
                _("the machine's clock and hub time agree again"));
}

static void tell_intake(const struct hub_watch *watch, const struct hub_engine_health *now)
{
    const struct hub_log_about about = { .code = now->held_refusal, .detail = now->text };
    if (now->held_refusal == watch->held_refusal)
        return;
    if (now->held_refusal == 0)
        hub_log(HUB_LOG_INFO, "intake_resumed", NULL, _("the hub takes messages again"));
    else if (now->held_refusal == RH_REFUSE_ROLLBACK)
        hub_log(HUB_LOG_ERROR, "rollback_seen", &about,
                _("an agency holds receipts this journal does not have: the store is older "
                  "than what was confirmed. Intake and delivery stop; stop the hub and see "
                  "`rhubd recover --reason TEXT`"));
    else
        hub_logf(HUB_LOG_ERROR, "intake_held", &about,
                 _("the hub takes no new messages: %s. %s"),
                 rh_refusal_title(now->held_refusal), rh_refusal_action(now->held_refusal));
}

void hub_watch_look(struct hub_watch *watch, struct hub_engine *engine,
                    struct hub_gateway *gateway)
{
    struct hub_engine_health now;
    struct hub_notice notice;
    uint64_t now_ms = hub_time_system_monotonic();
    if (watch->begun && now_ms - watch->looked_ms < LOOK_MS)
        return;
    hub_log_hub_time(hub_engine_now(engine));
    while (hub_gateway_notice(gateway, &notice))
        tell(&notice);
    hub_engine_health(engine, &now);
    tell_clock(watch, &now);
    tell_intake(watch, &now);
    if (now.rules_index != watch->rules_index && watch->begun)
        hub_logf(HUB_LOG_INFO, "rules_journalled", NULL,
                 _("the rules changed; the new ones are record %llu of the log"),
                 (unsigned long long)now.rules_index);
    *watch = (struct hub_watch){
        .begun = true,
        .looked_ms = now_ms,
        .firing_held = now.firing_held,
        .held_refusal = now.held_refusal,
        .jump_ms = now.jump_ms,
        .rules_index = now.rules_index,
    };
}
