/* What a participant may be shown: agents/runtime/{mask,view,view_person}.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "runtime/mask.h"
#include "runtime/view.h"

static struct rh_bytes text(const char *terminated)
{
    return (struct rh_bytes){ (const uint8_t *)terminated, strlen(terminated) };
}

/* ---- masked forms ----------------------------------------------------------------------- */

static void same(char *masked, const char *expected)
{
    assert_string_equal(masked, expected);
    free(masked);
}

/* The defaults of the domain notes, 4.2: family name and 某, 6 and 2, 3 and 2, down to the
 * county. */
static void test_mask_forms_are_those_of_the_policy(void **state)
{
    (void)state;
    same(agent_mask_name(text("李建国")), "李某");
    same(agent_mask_name(text("欧阳建国")), "欧阳某");
    same(agent_mask_name(text("欧阳")), "欧某"); /* 欧 with the given name 阳 */
    same(agent_mask_name(text("Smith")), "S某");
    same(agent_mask_name(text("")), "");
    same(agent_mask_id_number(text("620422198001011234")), "620422**********34");
    same(agent_mask_id_number(text("12345")), "*****");
    same(agent_mask_phone(text("13812345678")), "138******78");
    same(agent_mask_phone(text("5521234")), "*******");
    same(agent_mask_address(text("甘肃省白银市景泰县一条山镇1号")), "甘肃省白银市景泰县***");
    same(agent_mask_address(text("四川省德阳市旌阳区某路2号")), "四川省德阳市旌阳区***");
    same(agent_mask_address(text("内蒙古自治区呼和浩特市某街")), "内蒙古自治区呼和浩特市***");
    same(agent_mask_address(text("某村三组")), "***");
}

static void test_mask_finds_a_name_with_blanks_in_it(void **state)
{
    (void)state;
    struct agent_mask *mask = agent_mask_new();
    agent_mask_add_name(mask, text("王小明"), "王某");
    agent_mask_add_name(mask, text("张三"), "张某");
    agent_mask_add_name(mask, text("欧阳小明"), "欧阳某");
    same(agent_mask_text(mask, true, text("王小明、王 小 明、王　小　明、王 小明、张  三、欧阳　小明")),
         "王某、王某、王某、王某、张某、欧阳某");
    same(agent_mask_text(mask, true, text("姓王 小区")), "姓王 小区");
    agent_mask_destroy(&mask);
}

static void test_mask_finds_names_and_numbers_in_a_text(void **state)
{
    (void)state;
    struct agent_mask *mask = agent_mask_new();
    agent_mask_add(mask, text("李建"), "短");
    agent_mask_add(mask, text("李建国"), "李某");
    agent_mask_add(mask, text("王"), "不应出现"); /* one character would stand everywhere */
    same(agent_mask_text(mask, true, text("李建国与李建称王某")), "李某与短称王某");
    static const char *const numbers[][2] = {
        { "电话13812345678。", "电话138******78。" },
        { "电话 138-1234-5678", "电话 138********78" },
        { "电话１３８１２３４５６７８", "电话１３８******７８" },
        { "座机0943-5521234", "座机094*******34" },
        { "身份证62042219800101123X号", "身份证620422**********3X号" },
        { "账号6222021234567890123", "账号622202***********23" },
        /* As people write them: in groups, with other dashes, with brackets. */
        { "卡号6222 0212 3456 7890 123", "卡号6222 0***************23" },
        { "卡号6222-0212-3456-7890。", "卡号6222-0***********90。" },
        { "身份证620422 19800101 123X号", "身份证620422************3X号" },
        { "身份证620422 1980 0101 1234", "身份证620422*************34" },
        { "身份证６２０４２２１９８００１０１１２３Ｘ", "身份证６２０４２２**********３Ｘ" },
        { "电话138—1234—5678", "电话138********78" },
        { "电话138.1234.5678", "电话138********78" },
        { "座机(0943)5521234", "座机(094*******34" },
        { "座机０９４３－５５２１２３４", "座机０９４*******３４" },
        /* None of a person: dates, amounts, case numbers. */
        { "2026-03-04欠48000元", "2026-03-04欠48000元" },
        { "景检建〔2026〕17号 20260304", "景检建〔2026〕17号 20260304" },
        { "20260304-20260401 2026.03.04", "20260304-20260401 2026.03.04" },
        { "620423-2026-000017 1380.50", "620423-2026-000017 1380.50" },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        same(agent_mask_text(mask, true, text(numbers[i][0])), numbers[i][1]);
    same(agent_mask_text(mask, false, text("13812345678")), "13812345678");
    same(agent_mask_text(mask, true, text("")), "");
    same(agent_mask_text(mask, true, (struct rh_bytes){ (const uint8_t *)"\xe6\x9d", 2 }),
         "\xe6\x9d"); /* cut in the middle: taken as it is, no byte is read behind it */
    agent_mask_destroy(&mask);
}

/* ---- a matter --------------------------------------------------------------------------- */

#define NAME "李建国"
#define NUMBER "620422198001011234"
#define PHONE "13812345678"
#define ADDRESS "甘肃省白银市景泰县一条山镇1号"
static const char wage_text[] = NAME "(" PHONE ")称某公司欠薪, 证人 王秀英 在场, 住" ADDRESS;

static void fill_wage(struct rh_public *item, struct rh_private *content)
{
    memset(item, 0, sizeof *item);
    memset(content, 0, sizeof *content);
    item->kind = RH_KIND_REFER;
    item->fact_count = 3;
    item->facts[0] = (struct rh_fact){ .key = "persons", .is_number = true, .number = 3 };
    item->facts[1] = (struct rh_fact){ .key = "agreement_effective", .is_number = true,
                                       .number = 20260210 };
    item->facts[2] = (struct rh_fact){ .key = "keyword_rule", .code = "wage" };
    item->due_ms = 1772640000000;
    content->title = text(NAME "讨薪");
    content->summary = text(wage_text);
    content->document = text("白信转〔2026〕17号");
    content->person_count = 1;
    content->persons[0] = (struct rh_person){ .name = text(NAME), .role = text("petitioner"),
                                              .id_number = text(NUMBER), .phone = text(PHONE),
                                              .address = text(ADDRESS) };
    content->form_count = 2;
    content->form[0] = (struct rh_form_field){ text("agreement"), text("公司付给" NAME) };
    content->form[1] = (struct rh_form_field){ text("amount"), text("48000") };
    content->attachment_count = 1;
    content->attachments[0].name = text(NAME "身份证.jpg");
}

static const struct rh_date day_one = { .days = 20500 }; /* 2026-02-16 */

static struct agent_view *view_of(uint32_t scope, const struct rh_public *item,
                                  const struct rh_private *content)
{
    struct agent_view *view = agent_view_new(scope, day_one);
    assert_int_equal(agent_view_learn(view, "xinfang", "labour", item, content), RH_OK);
    agent_view_ready(view);
    return view;
}

static char *shown(const struct agent_view *view, const struct rh_public *item,
                   const struct rh_private *content)
{
    struct agent_view_message message = { .kind = item->kind, .from = "petitions.620423",
                                          .stored_ms = 1772586000000, .item = item,
                                          .content = content };
    json_t *json = agent_view_message(view, &message);
    char *out = json == NULL ? NULL : json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(json);
    return out;
}

static bool has(const char *json, const char *what)
{
    return json != NULL && strstr(json, what) != NULL;
}

/* Every part opens what belongs to it and nothing else: of the 8 parts, each alone. */
static void test_view_each_part_opens_its_own(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    static const char *const keys[] = { "\"title\"", "\"persons\":[", "\"id_number\":\"" NUMBER,
                                        "\"agreement\":", "\"code\"", "\"stored_at\"",
                                        "\"document_no\"", NULL };
    (void)state;
    fill_wage(&item, &content);
    for (unsigned i = 0; i < RH_SCOPE_COUNT; i++) {
        struct agent_view *view = view_of(1u << i, &item, &content);
        char *json = shown(view, &item, &content);
        for (unsigned k = 0; keys[k] != NULL; k++) {
            bool expected = k == i || (k == 1 && i == 2); /* identity shows persons, too */
            if (k != 4)
                assert_int_equal(has(json, keys[k]), expected);
        }
        assert_int_equal(json == NULL, i == 4 || i == 7); /* it decides nothing */
        free(json);
        agent_view_destroy(&view);
    }
}

/* Who may not know who it is must not find it in any field either. */
static void test_view_masks_persons_in_every_field(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    fill_wage(&item, &content);
    struct agent_view *view = view_of(RH_SCOPE_ALL & ~(uint32_t)RH_SCOPE_IDENTITY, &item,
                                      &content);
    char *json = shown(view, &item, &content);
    static const char *const hidden[] = { NAME, NUMBER, PHONE, ADDRESS, "一条山", "keyword" };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_false(has(json, hidden[i]));
    assert_true(has(json, "李某讨薪") && has(json, "\"from\":\"petitions.620423\""));
    assert_true(has(json, "公司付给李某"));
    assert_true(has(json, "李某身份证.jpg"));
    assert_true(has(json, "\"id_number\":\"620422**********34\""));
    assert_true(has(json, "\"phone\":\"138******78\""));
    assert_true(has(json, "景泰县***"));
    free(json);
    agent_view_destroy(&view);

    view = view_of(RH_SCOPE_ALL, &item, &content);
    json = shown(view, &item, &content);
    assert_true(has(json, NAME) && has(json, NUMBER) && has(json, PHONE) && has(json, ADDRESS));
    free(json);
    agent_view_destroy(&view);
}

/* A name that only a later message tells is masked in the earlier one, and so is the name of
 * another participant. */
static void test_view_masks_what_a_later_message_names(void **state)
{
    static struct rh_public item;
    static struct rh_private content, later;
    (void)state;
    fill_wage(&item, &content);
    memset(&later, 0, sizeof later);
    later.person_count = 1;
    later.persons[0].name = text("王秀英");
    later.participant_count = 1;
    later.participants[0].name = text("某公司");
    struct agent_view *view = agent_view_new(RH_SCOPE_FACTS, day_one);
    assert_int_equal(agent_view_learn(view, "xinfang", "labour", &item, &content), RH_OK);
    assert_int_equal(agent_view_learn(view, "xinfang", "labour", NULL, &later), RH_OK);
    assert_int_equal(agent_view_learn(view, "xinfang", "labour", NULL, NULL), RH_OK);
    agent_view_ready(view);
    char *json = shown(view, &item, &content);
    assert_true(has(json, "证人 王某 在场"));
    assert_false(has(json, "某公司"));
    free(json);
    agent_view_destroy(&view);
}

/* Forms name persons in fields of their own: those are shown with the identity alone, and what
 * they hold is masked wherever it stands. */
static void test_view_fields_of_a_person_belong_to_the_identity(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    memset(&item, 0, sizeof item);
    memset(&content, 0, sizeof content);
    item.kind = RH_KIND_REFER;
    content.summary = text("孙大明(0943-5521234)反映, 其家住东街9号");
    content.form_count = 4;
    content.form[0] = (struct rh_form_field){ text("petitioner"), text("孙大明") };
    content.form[1] = (struct rh_form_field){ text("phone"), text("0943-5521234") };
    content.form[2] = (struct rh_form_field){ text("home_address"), text("东街9号") };
    content.form[3] = (struct rh_form_field){ text("requirement"), text("请孙大明到场") };
    struct agent_view *view = view_of(RH_SCOPE_FACTS, &item, &content);
    char *json = shown(view, &item, &content);
    assert_true(has(json, "孙某(094*******34)反映, 其家住***"));
    assert_true(has(json, "\"form\":{\"requirement\":\"请孙某到场\"}"));
    free(json);
    agent_view_destroy(&view);
    view = view_of(RH_SCOPE_FACTS | RH_SCOPE_IDENTITY, &item, &content);
    json = shown(view, &item, &content);
    assert_true(has(json, "\"petitioner\":\"孙大明\"") && has(json, "东街9号"));
    free(json);
    agent_view_destroy(&view);
}

/* Steps belong to the part they decide: who may see facts alone does not see how it ended. */
static void test_view_outcome_and_settlement_are_parts_of_their_own(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    static const struct {
        enum rh_kind kind;
        const char *code;
        uint32_t parts;
    } cases[] = {
        { RH_KIND_CONCLUDE, "supported", RH_SCOPE_OUTCOME },
        { RH_KIND_CONCLUDE, "agreement", RH_SCOPE_OUTCOME | RH_SCOPE_SETTLEMENT },
        { RH_KIND_REPLY, "", RH_SCOPE_OUTCOME },
        { RH_KIND_REFUSE, "not-competent", RH_SCOPE_OUTCOME },
        { RH_KIND_HEARING, "begin", RH_SCOPE_SETTLEMENT },
        { RH_KIND_PROGRESS, "", RH_SCOPE_FACTS },
        { RH_KIND_PROGRESS, "mediation-held", RH_SCOPE_SETTLEMENT },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(&item, 0, sizeof item);
        memset(&content, 0, sizeof content);
        item.kind = cases[i].kind;
        snprintf(item.code, sizeof item.code, "%s", cases[i].code);
        content.summary = text("内容");
        for (unsigned k = 0; k < RH_SCOPE_COUNT; k++) {
            struct agent_view *view = view_of(1u << k, &item, &content);
            char *json = shown(view, &item, &content);
            assert_int_equal(has(json, "内容"), (cases[i].parts & (1u << k)) != 0);
            free(json);
            agent_view_destroy(&view);
        }
    }
}

/* ---- minors, informants ----------------------------------------------------------------- */

static void fill_child(struct rh_public *item, struct rh_private *content)
{
    memset(item, 0, sizeof *item);
    memset(content, 0, sizeof *content);
    item->kind = RH_KIND_TRANSFER;
    content->summary = text("李小丫就读于城关小学, 母亲王秀英, 老师陈某某报告");
    content->person_count = 3;
    content->persons[0] = (struct rh_person){ .name = text("李小丫"), .role = text("victim"),
                                              .id_number = text("620422201501011234"),
                                              .unit = text("城关小学"),
                                              .address = text(ADDRESS) };
    content->persons[1] = (struct rh_person){ .name = text("王秀英"), .role = text("guardian"),
                                              .phone = text(PHONE) };
    content->persons[2] = (struct rh_person){ .name = text("陈某某"), .role = text("reporter") };
    content->document = text("号");
}

/* 未成年人保护法 art. 103: name, home, school and whatever else identifies. Nobody told the hub
 * that the victim is a child; her number says so. */
static void test_view_minors_stand_under_a_pseudonym(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    fill_child(&item, &content);
    /* A social worker with all that the role may be granted. */
    uint32_t most = rh_participant_role_find("social_worker", 13)->most;
    struct agent_view *view = view_of(most, &item, &content);
    assert_int_equal(agent_view_scope(view) & (RH_SCOPE_IDENTITY | RH_SCOPE_DOCUMENTS), 0);
    char *json = shown(view, &item, &content);
    static const char *const hidden[] = { "李小丫", "李某", "城关小学", "620422", "王秀英", PHONE,
                                          "陈某某", "一条山" };
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        assert_false(has(json, hidden[i]));
    assert_true(has(json, "未成年人1就读于***, 母亲王某, 老师举报人1报告"));
    assert_false(has(json, "petitions.620423")); /* who sent it may be the school */
    assert_true(has(json, "{\"name\":\"未成年人1\",\"role\":\"victim\"}"));
    free(json);
    json_t *withheld = agent_view_withheld(view);
    char *why = json_dumps(withheld, JSON_COMPACT | JSON_SORT_KEYS);
    assert_true(has(why, "{\"part\":\"identity\",\"why\":\"minors\"}"));
    assert_true(has(why, "{\"part\":\"minors\",\"why\":\"minors\"}"));
    assert_true(has(why, "{\"part\":\"identity\",\"why\":\"informant\"}"));
    free(why);
    json_decref(withheld);
    agent_view_destroy(&view);
}

/* Who stands in for the child by law sees the child, and still not who reported. */
static void test_view_guardian_sees_the_child_and_never_the_informant(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    fill_child(&item, &content);
    struct agent_view *view = view_of(RH_SCOPE_ALL, &item, &content);
    char *json = shown(view, &item, &content);
    assert_true(has(json, "李小丫就读于城关小学"));
    assert_true(has(json, "王秀英"));
    assert_false(has(json, "陈某某"));
    assert_true(has(json, "举报人1"));
    free(json);
    agent_view_destroy(&view);
}

/* Of age on the day, not before: born 2008-02-16 is a minor on 2026-02-15 alone. */
static void test_view_eighteen_is_reached_on_the_birthday(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    struct rh_date birthday, eve;
    assert_int_equal(rh_date_parse("2026-02-16", 10, &birthday), RH_OK);
    eve.days = birthday.days - 1;
    memset(&item, 0, sizeof item);
    memset(&content, 0, sizeof content);
    item.kind = RH_KIND_REFER;
    content.person_count = 1;
    content.persons[0] = (struct rh_person){ .name = text("赵某甲"),
                                             .id_number = text("620422200802161234") };
    for (int grown = 0; grown < 2; grown++) {
        struct agent_view *view = agent_view_new(RH_SCOPE_PARTIES, grown ? birthday : eve);
        assert_int_equal(agent_view_learn(view, "xinfang", "labour", &item, &content), RH_OK);
        agent_view_ready(view);
        char *json = shown(view, &item, &content);
        assert_true(has(json, grown ? "\"name\":\"赵某\"" : "\"name\":\"未成年人1\""));
        free(json);
        agent_view_destroy(&view);
    }
}

/* In a matter of minors whoever may be one is taken for one. */
static void test_view_unknown_age_counts_as_minor_in_such_a_matter(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    static const char *const ways[][2] = { { "mandatory-report", "" },
                                           { "xinfang", "protection.minor" },
                                           { "xinfang", "minors.protection" } };
    (void)state;
    memset(&item, 0, sizeof item);
    memset(&content, 0, sizeof content);
    item.kind = RH_KIND_REFER;
    content.person_count = 2;
    content.persons[0] = (struct rh_person){ .name = text("赵某甲") };
    content.persons[1] = (struct rh_person){ .name = text("钱某乙"), .id_number = text(NUMBER) };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct agent_view *view = agent_view_new(RH_SCOPE_PARTIES, day_one);
        assert_int_equal(agent_view_learn(view, ways[i][0], ways[i][1], &item, &content),
                         RH_OK);
        agent_view_ready(view);
        char *json = shown(view, &item, &content);
        assert_true(has(json, "未成年人1") && has(json, "钱某"));
        assert_false(has(json, "赵某"));
        free(json);
        agent_view_destroy(&view);
    }
}

/* An agency that was not told the procedure cannot rule out that it is about a child: then it
 * is taken for such a matter, unless everybody in it is known to be of age. */
static void test_view_without_a_procedure_is_narrowed_in_doubt(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    memset(&item, 0, sizeof item);
    memset(&content, 0, sizeof content);
    item.kind = RH_KIND_REFER;
    content.person_count = 1;
    content.persons[0] = (struct rh_person){ .name = text("赵某甲") };
    for (int way = 0; way < 3; way++) {
        struct agent_view *view = agent_view_new(RH_SCOPE_IDENTITY, day_one);
        if (way == 1)
            content.persons[0].id_number = text(NUMBER);
        if (way == 2)
            content.persons[0].id_number = text("");
        assert_int_equal(agent_view_learn(view, way == 2 ? "xinfang" : "", "", &item, &content),
                         RH_OK);
        agent_view_ready(view);
        assert_int_equal(agent_view_scope(view), way == 0 ? 0 : RH_SCOPE_IDENTITY);
        json_t *withheld = agent_view_withheld(view);
        char *why = json_dumps(withheld, JSON_COMPACT);
        assert_int_equal(has(why, "doubtful"), way == 0);
        free(why);
        json_decref(withheld);
        agent_view_destroy(&view);
    }
}

/* What cannot be read or masked is not shown, and said to be missing. */
static void test_view_says_what_is_missing(void **state)
{
    static struct rh_public item;
    (void)state;
    memset(&item, 0, sizeof item);
    item.kind = RH_KIND_REFER;
    struct rh_private content = { .person_count = 0 };
    struct agent_view *view = view_of(RH_SCOPE_FACTS, &item, NULL);
    struct agent_view_message message = { .kind = RH_KIND_REFER, .from = "a.1", .item = &item,
                                          .missing = AGENT_VIEW_UNREADABLE };
    json_t *json = agent_view_message(view, &message);
    assert_string_equal(json_string_value(json_object_get(json, "missing")), "unreadable");
    json_decref(json);
    message.content = &content;
    message.body = (struct rh_body){ text("image/jpeg"), { (const uint8_t *)"\xff\xd8", 2 } };
    json = agent_view_message(view, &message);
    assert_string_equal(json_string_value(json_object_get(json, "missing")), "binary");
    json_decref(json);
    /* The hub's own word has a query code among its facts: that is the petitioner's. */
    message = (struct agent_view_message){ .kind = RH_KIND_NOTICE, .from = "hub.1",
                                           .notice = true, .item = &item };
    item.fact_count = 1;
    item.facts[0] = (struct rh_fact){ .key = "query_code", .code = "S8G6-V1K5-694W" };
    message.content = &content;
    assert_null(agent_view_message(view, &message));
    agent_view_destroy(&view);
}

/* More persons than can be told apart: nothing is shown rather than somebody unmasked. */
static void test_view_gives_up_on_a_crowd(void **state)
{
    static struct rh_public item;
    static struct rh_private content;
    (void)state;
    struct agent_view *view = agent_view_new(RH_SCOPE_FACTS, day_one);
    enum rh_err err = RH_OK;
    unsigned messages = 0;
    for (; err == RH_OK && messages < 100; messages++) {
        char names[RH_PERSONS_MAX][32];
        memset(&content, 0, sizeof content);
        content.person_count = RH_PERSONS_MAX;
        for (uint32_t i = 0; i < RH_PERSONS_MAX; i++) {
            snprintf(names[i], sizeof names[i], "某甲%u-%u", messages, (unsigned)i);
            content.persons[i].name = text(names[i]);
        }
        err = agent_view_learn(view, "xinfang", "labour", &item, &content);
    }
    assert_int_equal(err, RH_ERR_FULL);
    assert_int_equal(messages, 9); /* 512 in eight messages of 64 */
    agent_view_destroy(&view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mask_forms_are_those_of_the_policy),
        cmocka_unit_test(test_mask_finds_names_and_numbers_in_a_text),
        cmocka_unit_test(test_mask_finds_a_name_with_blanks_in_it),
        cmocka_unit_test(test_view_each_part_opens_its_own),
        cmocka_unit_test(test_view_masks_persons_in_every_field),
        cmocka_unit_test(test_view_masks_what_a_later_message_names),
        cmocka_unit_test(test_view_fields_of_a_person_belong_to_the_identity),
        cmocka_unit_test(test_view_outcome_and_settlement_are_parts_of_their_own),
        cmocka_unit_test(test_view_minors_stand_under_a_pseudonym),
        cmocka_unit_test(test_view_guardian_sees_the_child_and_never_the_informant),
        cmocka_unit_test(test_view_eighteen_is_reached_on_the_birthday),
        cmocka_unit_test(test_view_unknown_age_counts_as_minor_in_such_a_matter),
        cmocka_unit_test(test_view_without_a_procedure_is_narrowed_in_doubt),
        cmocka_unit_test(test_view_says_what_is_missing),
        cmocka_unit_test(test_view_gives_up_on_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
