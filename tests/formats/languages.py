"""Texts of several kinds, and how many tokens real tokenizers find in them; all of them were written for this."""

ENGLISH = """\
The night train left the city a little after eleven, and by midnight the lights of the last suburb had gone. In the
dining car two strangers were still arguing about whether the river had been moved on purpose or had simply grown
tired of its old bed. The waiter, who had heard the story in a dozen versions, poured more tea and said that rivers
do what they like. Somebody laughed, and somebody else wrote the sentence down.

When you design an interface, begin with what people already expect. They do not read manuals, they try things; and
if the first thing they try does not work, they will try it again, only harder. An error message that says what went
wrong, and what could be done about it, is worth more than a page of documentation. Keep it short, keep it honest,
and never blame the person in front of the screen. Could you rewrite the paragraph above for a younger audience?
"""

GERMAN = """\
Der Nachtzug verließ die Stadt kurz nach elf, und gegen Mitternacht waren die Lichter der letzten Vororte
verschwunden. Im Speisewagen stritten zwei Fremde noch immer darüber, ob man den Fluss absichtlich verlegt hatte
oder ob er seines alten Bettes einfach müde geworden war. Der Kellner, der die Geschichte schon in einem Dutzend
Fassungen gehört hatte, schenkte Tee nach und sagte, Flüsse täten ohnehin, was sie wollten.

Wer eine Benutzeroberfläche entwirft, sollte mit dem beginnen, was die Menschen bereits erwarten. Sie lesen keine
Handbücher, sie probieren etwas aus; und wenn das nicht gelingt, probieren sie es noch einmal, nur kräftiger. Eine
Fehlermeldung, die erklärt, was schiefgegangen ist und was sich dagegen tun lässt, ist mehr wert als eine ganze Seite
Dokumentation. Die Geschwindigkeitsbegrenzung wurde übrigens aus Sicherheitsgründen eingeführt.
"""

FRENCH = """\
Le train de nuit quitta la ville un peu après onze heures, et vers minuit les lumières des derniers faubourgs avaient
disparu. Dans le wagon-restaurant, deux inconnus se disputaient encore pour savoir si l'on avait déplacé la rivière
exprès ou si elle s'était simplement lassée de son ancien lit. Le serveur, qui connaissait déjà une douzaine de
versions de l'histoire, resservit du thé et déclara que les rivières font ce qu'elles veulent. Pourriez-vous réécrire
ce paragraphe pour un public plus jeune, sans changer l'ordre des événements ?
"""

CHINESE = """\
夜车在十一点过后不久离开了城市，到午夜时分，最后一片郊区的灯光也消失了。餐车里，两个陌生人还在争论那条河究竟是被人有意改道的，
还是只是厌倦了自己旧有的河床。服务员早已听过这个故事的十几个版本，他又添了些茶，说河流向来只做自己喜欢的事。有人笑了起来，
另一个人把这句话记了下来。

设计界面的时候，应当从人们已有的期待出发。他们不会阅读说明书，而是直接动手尝试；如果第一次没有成功，他们就会更用力地再试一次。
一条说明出了什么问题、可以怎样解决的错误信息，比整页的文档更有价值。请把上面的段落改写成适合年轻读者的版本。
"""

JAPANESE = """\
夜行列車は十一時を少し過ぎて街を離れ、真夜中には最後の郊外の明かりも見えなくなった。食堂車では、二人の見知らぬ乗客が、川は
わざと流れを変えられたのか、それとも古い川床に飽きてしまっただけなのかをまだ言い争っていた。給仕は十通りもの話を聞いていたので、
お茶を注ぎ足しながら、川は好きなようにするものだと言った。誰かが笑い、別の誰かがその言葉を書き留めた。
"""

RUSSIAN = """\
Ночной поезд покинул город вскоре после одиннадцати, и к полуночи огни последних пригородов исчезли. В
вагоне-ресторане двое незнакомцев всё ещё спорили о том, перенесли ли реку намеренно или она просто устала от своего
старого русла. Официант, слышавший эту историю в дюжине вариантов, подлил чаю и сказал, что реки делают что хотят.
Кто-то засмеялся, а кто-то записал эту фразу. Перепишите, пожалуйста, этот абзац для младших читателей.
"""

PYTHON = '''\
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class Inventory:
    """What is in stock, by the name of the article."""

    path: Path
    counts: dict[str, int] = field(default_factory=dict)

    def restock(self, name: str, amount: int) -> None:
        if amount <= 0:
            raise ValueError(f"cannot add {amount} of {name!r}")
        self.counts[name] = self.counts.get(name, 0) + amount

    def cheapest(self, prices: dict[str, float], limit: int = 10) -> list[tuple[str, float]]:
        known = [(name, prices[name]) for name in self.counts if name in prices]
        return sorted(known, key=lambda item: item[1])[:limit]

    def save(self) -> None:
        lines = [f"{name}\\t{count}" for name, count in sorted(self.counts.items())]
        self.path.write_text("\\n".join(lines), encoding="utf-8")
'''

TYPESCRIPT = """\
interface Reading {
  sensorId: string;
  takenAt: Date;
  celsius: number | null;
}

export class Thermometer {
  private readonly readings: Reading[] = [];

  constructor(private readonly sensorId: string, private maxReadings = 500) {}

  add(celsius: number | null): void {
    this.readings.push({ sensorId: this.sensorId, takenAt: new Date(), celsius });
    if (this.readings.length > this.maxReadings) {
      this.readings.shift();
    }
  }

  average(): number | undefined {
    const known = this.readings.filter((r) => r.celsius !== null).map((r) => r.celsius as number);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
  }
}
"""

JSON = """\
{"orders":[{"id":"ord_7f3a91","placed_at":"2026-03-14T09:26:53Z","customer":{"name":"Mira Okafor","tier":"gold"},\
"items":[{"sku":"LMP-0042","title":"Desk lamp, brass","quantity":1,"unit_price":49.90},{"sku":"BLB-0100","title":\
"LED bulb 9W","quantity":4,"unit_price":3.25}],"shipping":{"method":"express","cost":7.5,"tracking":null},"paid":true},\
{"id":"ord_7f3a92","placed_at":"2026-03-14T09:31:07Z","customer":{"name":"Tomas Lindqvist","tier":"basic"},"items":\
[{"sku":"CHR-2210","title":"Folding chair","quantity":6,"unit_price":22.00}],"shipping":{"method":"standard","cost":\
0,"tracking":"1Z999AA10123456784"},"paid":false}],"page":1,"page_count":37}
"""

MARKDOWN = """\
## What changed in 2.4

- **Faster start**: about 40% less time until the first request is served (was 850 ms, is 510 ms).
- New option `--dry-run`: shows what *would* be deleted, and deletes nothing.
- Fixed: a file name with spaces no longer breaks `sync` on Windows ([#1182](https://example.com/issues/1182)).

| Setting | Default | Meaning |
|---|---|---|
| `retries` | 3 | How often a failed upload is tried again |
| `chunk_size` | 8 MB | Size of the pieces of a large file |

> Note: version 2.3 reads the new index, but cannot write it. 🙂
"""

HASHES = """\
9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08  archive.tar.gz
60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752  notes.txt
fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13  picture.png
a4e624d686e03ed2767c0abd85c14426b0b1157d2ce81d27bb4fe4f6f01d688a  backup.sql
"""
