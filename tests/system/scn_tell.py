"""A story told to a person while it happens: who sends what when, by which command, what
everyone sees, which date falls due and why. Everything told is what rhub answers; nothing is
taken from what the script expects.

Words are those of protocol/rules/glossary.yaml.
"""
import datetime
import re
import sys
import time
import uuid

import scn
from harness import RULES, Refusal

ENTRY = re.compile(r"^\s+- \{ id: (\S+), zh: (.+?), en: (.+?) \}")
WEEKDAYS = {"zh": "一二三四五六日", "en": ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]}
UNITS = {"hour": ("小时", "hours"), "calendar_day": ("日", "calendar days"),
         "working_day": ("个工作日", "working days"), "month": ("个月", "months"),
         "month_criminal": ("个月（刑事诉讼期间）", "months of criminal procedure")}
SHOWN = {"event", "reference", "procedure", "category", "area", "source", "date", "state",
         "holder", "holder_role", "due", "outcome"}
LIVE = {"running", "paused", "missed"}


def glossary():
    groups, group = {}, None
    for line in (RULES / "glossary.yaml").read_text().splitlines():
        head = re.match(r"^(\w+):\s*$", line)
        entry = ENTRY.match(line)
        if head:
            group = groups.setdefault(head.group(1), {})
        elif entry:
            group[entry.group(1)] = {"zh": entry.group(2).strip('"'),
                                     "en": entry.group(3).strip('"')}
    return groups


class Silence:
    """For a test: nothing is told."""

    quiet = True

    def __getattr__(self, name):
        return lambda *what: None


class Teller:
    def __init__(self, lang, *, pace_s=0.0, pause=False, out=sys.stdout):
        self.lang, self.pace_s, self.pause, self.out = lang, pace_s, pause, out
        self.words, self.quiet, self.day = glossary(), False, None
        self.rows = {}     # name of a matter -> its row when it was last looked at
        self.events = {}   # name of a matter -> log index last told

    # ---- words ----

    def t(self, zh, en):
        return zh if self.lang == "zh" else en

    def word(self, group, code):
        return self.words.get(group, {}).get(code, {}).get(self.lang, code)

    def put(self, text=""):
        print(text, file=self.out, flush=True)

    def agency(self, play, name):
        """As people call an agency, by the script's name."""
        about = play.abouts.get(name)
        if about is None:
            return {"hub": self.t("枢纽", "hub"), "none": self.t("无", "nobody")}.get(name, name)
        return about.zh if self.lang == "zh" else about.en or about.id

    def matter(self, play, name):
        number = play.human(name)
        return f"{name} ({number})" if number.startswith("R-") else name

    # ---- beginning and end ----

    def title(self, play, texts):
        self.put(f"{play.path.stem}  {texts[self.lang]}")

    def opened(self, play):
        self.put(self.t("\n真实进程、真实套接字、真实磁盘，都在本机；只有时钟是拨动的。",
                        "\nReal processes, sockets and disk on this machine; only the clock is "
                        "steered."))
        self.put(self.t("没轮到的单位下班：它的代理停着，来件在枢纽排队。",
                        "Between its turns an office is closed: its agent is stopped and its "
                        "mail waits at the hub."))
        self.put(f"  export RHUB_HUB={play.hub.admin}")
        self.put(f"  cd {play.run.dir}")

    def gathered(self, play):
        for actor in play.cast.values():
            who = f"rhub-agent, pid {actor.process.pid}" if actor.real else \
                self.t("Python 单位（做代理不做的事）", "an agency in Python (does what no agent does)")
            self.put(f"  ● {self.agency(play, actor.about.name)}  {actor.id}  [{who}]")
        self.put(f"  ● {self.t('枢纽', 'hub')}  {play.hub.id}  "
                 f"[rhubd, pid {play.hub.process.pid}]")

    def ended(self, play):
        failed = len(play.failures)
        self.put(self.t(f"\n故事完：{play.steps} 步，核对 {play.checks} 项，{failed} 项不符。",
                        f"\nThe end: {play.steps} steps, {play.checks} checks, {failed} failed."))
        numbers = [play.human(name) for name in self.rows]
        for number in [n for n in numbers if n.startswith("R-")][:1]:
            if self.pause:
                self.put(f"  $ rhub referral timeline {number}\n"
                         f"  $ rhub deadline explain {number}")
        if self.pause:
            self.wait(self.t("枢纽还在运行，可以另开终端查看；回车结束 ",
                             "The hub still runs; look around in another terminal; Enter ends "))

    def wait(self, text):
        if sys.stdin.isatty():
            input(text)

    # ---- time ----

    def date(self, play):
        moment = datetime.datetime.fromtimestamp(play.now / 1000, scn.BEIJING)
        if moment.date() != self.day:
            self.day = moment.date()
            weekday = WEEKDAYS[self.lang][moment.weekday()]
            self.put(f"\n── {self.day} {self.t('星期', '')}{weekday} ──")
            if self.pause:
                self.wait(self.t("回车继续 ", "Enter to go on "))
        return moment.strftime("%H:%M")

    def head(self, play, text):
        time.sleep(self.pace_s)
        self.put(f"  {self.date(play)}  {text}")

    @staticmethod
    def end(at):
        """An exclusive end as its last day, or with its time when it is no midnight."""
        moment = datetime.datetime.fromtimestamp(at / 1000, scn.BEIJING)
        if moment.time() == datetime.time():
            return str((moment - datetime.timedelta(days=1)).date())
        return moment.strftime("%Y-%m-%d %H:%M")

    # ---- what happens ----

    def say(self, play, texts):
        if play.hub is not None:
            self.date(play)
        self.put(f"\n  ※ {texts[self.lang]}")
        time.sleep(2 * self.pace_s)

    def sent(self, play, actor, said, refused):
        if self.quiet:
            return
        self.announce(play, actor, said)
        if refused:
            self.refusal(play, refused)
        else:
            self.look(play, own=said["matter"])

    def announce(self, play, actor, said):
        to = [said["to"]] if "to" in said else []
        to += said["copies"] + [child for _, child, _ in said["children"]]
        arrow = " → " + self.t("、", ", ").join(self.agency(play, one) for one in to) if to else ""
        self.head(play, f"{self.agency(play, actor.about.name)} "
                        f"{self.word('kinds', said['kind'])} {self.matter(play, said['matter'])}"
                        f"{arrow}")
        if actor.command:
            self.put(f"           $ {actor.command}")
        if actor.text:
            self.put(f"             {actor.text}")
        elif said.get("body"):
            self.put(f"           「{said['body']}」")

    def refusal(self, play, code):
        done = play.run.check([play.run.program("rhub"), "explain", f"RH-{code}", "--lang",
                               self.lang, "--fields", "title", "--no-headers"])
        self.put(f"           ✘ RH-{code} {done.stdout.strip()}")

    def taken(self, play, actor):
        got = actor.taken[actor.before:]
        if self.quiet or not got:
            return
        what = [self.t("（撤件）", "(withdrawn)") if one.gone else
                f"{self.word('kinds', one.kind)} {play.matter_name(one.referral)}"
                for one in got[:8]]
        more = self.t(f" 等 {len(got)} 件", f" and more, {len(got)} in all") if len(got) > 8 else ""
        self.head(play, f"{self.agency(play, actor.about.name)} "
                        f"{self.t('收到', 'has received')}: {self.t('、', ', ').join(what)}{more}")
        if any(one.kind == "shared" and not one.gone for one in got) and actor.shared:
            self.put("           " + "  ".join(str(value) for key, value in actor.shared.items()
                                                if value and key in SHOWN))
        if actor.real:
            name = actor.about.name
            self.put(f"           $ mv {name}/exchange/in/*.json {name}/exchange/done/")
        self.look(play)

    def nacked(self, play, actor):
        self.head(play, f"{self.agency(play, actor.about.name)} "
                        f"{self.t('的系统拒绝投递', 'refuses the delivery')}")
        self.look(play)

    def operated(self, play, command, refused):
        words = " ".join(f'"{w}"' if " " in w else w for w in command)
        self.head(play, f"{self.t('运维人员', 'The operator')}\n           $ rhub {words}")
        if refused:
            self.refusal(play, refused)
        self.look(play)

    def restarted(self, play):
        self.head(play, self.t("枢纽被 kill -9，重新启动", "the hub is killed with -9 and starts again")
                  + f" (pid {play.hub.process.pid})")

    def blocked(self, play, times, lines):
        if times > 1:
            self.head(play, self.t(f"下面的步骤连做 {times} 遍：", f"these steps, {times} times:"))
            for line in lines:
                self.put(f"           {line.whole}")
        else:
            self.head(play, self.t("一包发出：", "in one bundle:"))
            for line in lines:
                actor = play.cast[line.words[0].removesuffix(":")]
                self.announce(play, actor, scn.message(scn.Words(line, 1)))
            self.look(play)

    def timers(self, play):
        self.look(play)

    # ---- what the hub says of it ----

    def look(self, play, own=None):
        """Whatever is new about the matters of the story: the hub's own acts, state and turn,
        clocks that began or ended."""
        if play.block is not None and self.quiet:
            return
        for name in [name for name in play.matters if not re.search(r"\d{5}$", name)]:
            text = str(uuid.UUID(bytes=play.matters[name]))
            try:
                row = play.hub.ask("referral.show", id=text)[0]
            except Refusal:
                continue
            before = self.rows.get(name)
            if before is None or before["log_index"] != row["log_index"]:
                self.notes(play, name, text)
                self.standing(play, name, row, before, own)
            self.clocks(play, name, row, before)
            self.rows[name] = row

    def notes(self, play, name, text):
        seen = self.events.get(name, -1)
        for event in play.hub.ask_all("referral.timeline", id=text):
            if event["log_index"] <= seen:
                continue
            self.events[name] = event["log_index"]
            if event["record"] == "item":
                continue
            for note in event["notes"]:
                if note["status"] == "cancelled":
                    continue
                to = play.agency_name(note["agency"])
                self.head(play, f"{self.t('枢纽', 'hub')} {self.word('kinds', note['kind'])} "
                                f"{self.matter(play, name)} → {self.agency(play, to)}")

    def standing(self, play, name, row, before, own):
        turn = play.agency_name(row["turn"])
        if before is not None and (before["state"], before["turn"]) == (row["state"], row["turn"]):
            return
        text = f"{self.matter(play, name)} {self.word('states', row['state'])}"
        if turn != "none":
            text += self.t(" · 责任单位 ", " · turn of ") + self.agency(play, turn)
        self.put(f"           {text if name != own else text.partition(') ')[2] or text}")

    def clocks(self, play, name, row, before):
        old = {clock["id"]: clock for clock in before["deadlines"]} if before else {}
        for clock in row["deadlines"]:
            was = old.get(clock["id"])
            if was is None and clock["status"] in LIVE:
                self.clock_begins(play, clock)
            elif was is not None and (was["status"], was["end_at"]) != \
                    (clock["status"], clock["end_at"]) and clock["status"] != "cancelled":
                self.clock_moves(play, clock)

    def clock_title(self, clock):
        own = {"watchdog": self.t("枢纽催办日", "the hub's own date"),
               "assigned": self.t("交办期限", "date set by the sender")}
        return clock[f"title_{self.lang}"] or own.get(clock["limit"], clock["limit"])

    def clock_begins(self, play, clock):
        if clock["end_at"] is None:
            return
        who = self.agency(play, play.agency_name(clock["owed_by"]))
        self.put(f"           ⏱ {self.clock_title(clock)}: {who}, {self.t('至', 'by')} "
                 f"{self.end(play.ms(clock['end_at']))} · {self.why(play, clock)}")

    def why(self, play, clock):
        basis = self.t("法定", "law") if clock["basis"] == "law" else \
            self.t("工作要求", "policy")
        began = self.end(play.ms(clock["started_at"])) if play.ms(clock["started_at"]) % 86400000 \
            != 57600000 else str(datetime.datetime.fromtimestamp(
                play.ms(clock["started_at"]) / 1000, scn.BEIJING).date())
        if not clock["n"]:
            return self.t("来文写明", "as the message says") + f" · {basis}"
        zh, en = UNITS.get(clock["unit"], (clock["unit"], clock["unit"]))
        if clock["n"] == 1:
            en = en.replace("hours", "hour").replace("days", "day").replace("months", "month")
        text = self.t(f"自 {began} 起 {clock['n']}{zh}", f"{clock['n']} {en} from {began}")
        last = self.end(play.ms(clock["end_at"]))[:10]
        if clock["nominal_date"] and clock["nominal_date"] != last:
            text += self.t(f"，{clock['nominal_date']} 是休息日，顺延",
                           f", {clock['nominal_date']} is a day off, moved on")
        if clock["provisional"]:
            text += self.t("，暂定", ", provisional")
        return f"{text} · {basis}"

    def clock_moves(self, play, clock):
        status = self.word("deadlines", clock["status"])
        text = f"{self.clock_title(clock)}: {status}"
        if clock["status"] == "running" and clock["end_at"]:
            text += f", {self.t('至', 'by')} {self.end(play.ms(clock['end_at']))}"
        self.put(f"           ⏱ {text}")

    # ---- what was looked at ----

    def checked(self, play, line, holds):
        if self.quiet or not holds:
            return
        words = scn.Words(line, 1)
        word = words.next()
        if word == "nothing":
            words.next()
            who, what = words.next(), words.next()
            self.put("           ✓ " + self.t(
                f"{self.agency(play, who)}没有收到，也看不到 {what}",
                f"{self.agency(play, who)} has received nothing of {what} and cannot see it"))
        elif word == "waiting":
            who, count = words.next(), words.next()
            self.put(f"           ✓ {self.agency(play, who)}: {count} " +
                     self.t("件待收", "messages wait"))
        elif word == "absent":
            text = words.next()
            self.put("           ✓ " + self.t(f"枢纽的任何文件里都没有“{text}”",
                                              f'no file of the hub holds the words "{text}"'))
        elif word == "replay":
            self.put("           ✓ $ rhub-audit verify: " +
                     self.t("从日志重放，状态一致", "replayed from the log, the same state"))
        elif word == "tampering":
            self.put("           ✓ $ rhub-audit verify: " +
                     self.t("改一位，就通不过", "with one bit changed it does not hold"))
        elif word == "count":
            self.put(f"           ✓ {self.t('逐件清点', 'counted one by one')}: "
                     f"{' '.join(line.words[2:])}")

    def failed(self, text):
        self.put(f"           ✘ {text}")
