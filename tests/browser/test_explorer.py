import pytest
from cases import at_least

from course_utils.author.gallery import panels

pytestmark = pytest.mark.browser

NOTEBOOK = """\
# %% [markdown]
# # The explorer
# %%
from course_utils import explore
from course_utils.toys import NINE_WORDS

panel = explore.Distribution("Once upon a time")
panel
# %%
def mine(logits, temperature):
    return (logits / temperature).softmax(-1)

explore.Distribution(NINE_WORDS, function=mine, temperature=0.5)
"""

EVERY_KNOB = """\
# %%
from course_utils import explore
from course_utils.sampling import min_p, temperature, top_k, top_p

def mine(logits, t, k, p, m):
    logits = temperature(logits, t)
    return min_p(top_p(top_k(logits, k) if k else logits, p), m)

explore.Distribution(
    "The king said to his", knobs=("temperature", "top_k", "top_p", "min_p"), strategy=mine
)
"""


def picture(page) -> str:
    return page.locator(".nt-picture .image").first.inner_html()


def test_the_explorer_answers_to_keys_mouse_and_buttons(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("explorer.ipynb", NOTEBOOK))
    lab.shoot("explorer")
    page.wait_for_selector(".summary [role=status]")
    handle, summary = page.locator(".noUi-handle").first, page.locator(".summary").first
    old = picture(page)

    handle.focus()
    page.keyboard.press("ArrowRight")
    summary.get_by_text("Temperature 1.05").wait_for()
    assert picture(page) != old

    # A quick pull over the whole slider: the last value is the one that stays.
    box, track = handle.bounding_box(), page.locator(".noUi-base").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(track["x"] + track["width"] * (step % 20) / 20, y)
    page.mouse.move(track["x"] + track["width"] * 0.2, y)
    page.mouse.up()
    page.wait_for_timeout(300)
    lab.wait_until_idle()
    shown = float(page.locator(".widget-readout").first.inner_text())
    assert 0.5 <= shown <= 0.7
    page.wait_for_function(
        "value => document.querySelector('.summary').innerText.includes(`Temperature ${value}`)",
        arg=f"{shown:.2f}",
    )

    old = picture(page)
    page.get_by_role("button", name="Sample 100").first.click()
    summary.get_by_text("100 draws: ").wait_for()
    assert picture(page) != old
    counted = summary.inner_text().split("100 draws: ")[1].split(".")[0]
    assert sum(int(part.rsplit(" ", 1)[1]) for part in counted.split(", ")) == 100

    page.get_by_role("button", name="Show the code").first.click()
    page.wait_for_selector(".code pre")
    lab.shoot("explorer_after")
    page.locator(".noUi-handle").nth(1).scroll_into_view_if_needed()
    page.locator(".summary").nth(1).scroll_into_view_if_needed()
    lab.shoot("explorer_function")
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
@pytest.mark.parametrize("dark", at_least(True, of=[True, False]), ids=["dark", "light"])
def test_every_knob_cuts_shows_its_code_and_can_be_read(open_lab, dark):
    lab = open_lab(dark)
    page = lab.open(lab.write("knobs.ipynb", EVERY_KNOB))
    assert page.locator("body").get_attribute("data-jp-theme-light") == str(not dark).lower()
    summary, handles = page.locator(".summary"), page.locator(".noUi-handle")
    says = ""
    for i, (keys, now) in enumerate(
        [
            (["ArrowLeft"] * 4, "Temperature 0.80, top-k off, top-p 1.00, min-p 0.00"),
            (["PageUp"], "top-k 5"),
            (["ArrowLeft"] * 5, "top-p 0.95"),
            (["ArrowRight"] * 8, "min-p 0.08"),
        ]
    ):
        handles.nth(i).focus()
        for key in keys:
            page.keyboard.press(key)
        summary.get_by_text(now).wait_for()
        assert summary.inner_text() != says
        says = summary.inner_text()
        assert "Your function agrees with the reference." in says
    page.get_by_role("button", name="Show the code").press("Enter")
    page.locator(".code pre").get_by_text("logits = min_p(logits, 0.08)").wait_for()
    page.get_by_role("button", name="your own").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.innerText") == "code"
    page.keyboard.press("Space")
    summary.get_by_text("Temperature 0.20, top-k off, top-p 0.95, min-p 0.00").wait_for()
    handles.nth(3).press("PageUp")
    summary.get_by_text("min-p 0.05").wait_for()
    theme = "dark" if dark else "light"
    lab.shoot(f"explorer_{theme}")
    page.locator(".code pre").scroll_into_view_if_needed()
    lab.shoot(f"explorer_{theme}_below")
    assert lab.errors() == []
    assert lab.console == []


BUILDING = """\
# %%
from course_utils import explore

explore.Distribution("Once upon a time", knobs=["temperature", "top_p"])
"""

LANDINGS = """() => {
    window.landings = 0;
    const image = document.querySelector('.nt-picture');
    new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(
        node => landings += node.classList?.contains('landing') ? 1 : 0
    ))).observe(image, {childList: true});
}"""


@pytest.mark.full
def test_a_text_grows_by_the_bars_that_are_chosen(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("building.ipynb", BUILDING))
    summary, path = page.locator(".summary"), page.locator(".path")
    marks, tip = page.locator(".nt-picture .marks > div"), page.locator(".nt-picture .tip")
    bar = page.get_by_role("button", name="'␣there', rank 1")
    bar.wait_for()
    assert not path.is_visible() and page.get_by_role("button", name="Undo").is_disabled()
    bar.hover()
    for said in ("logit", "before", "now", "with all above it"):
        assert said in tip.inner_text()
    bar.click()
    summary.get_by_text("1 token was chosen").wait_for()
    assert "␣there" in path.inner_text() and "66.0%" in path.inner_text()
    for key, count in (("Enter", 2), ("Space", 3)):
        marks.first.focus()
        page.keyboard.press(key)
        summary.get_by_text(f"{count} tokens were chosen").wait_for()
    assert "the product of" in path.inner_text()
    lab.shoot("building")
    page.get_by_role("button", name="Undo").click()
    summary.get_by_text("2 tokens were chosen").wait_for()

    find = page.get_by_label("find")
    find.fill("hippopotamus")
    find.press("Enter")
    summary.get_by_text("'␣hippopotamus' is 6 tokens").wait_for()
    find.fill("")
    find.press("Enter")

    page.get_by_role("button", name="Pin as A").press("Enter")
    summary.get_by_text("is the same.").wait_for()
    page.locator(".noUi-handle").first.press("ArrowLeft")
    summary.get_by_text("of the probability moved").wait_for()
    assert page.locator(".nt-picture svg").get_by_text("○ A").count() == 1
    lab.shoot("pinned")
    page.get_by_role("button", name="Clear A").press("Enter")
    page.get_by_role("button", name="Pin as A").wait_for()
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
def test_bars_below_the_twelfth_come_by_button_key_and_wheel(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("scrolling.ipynb", BUILDING))
    marks = page.locator(".nt-picture .marks > div")
    first = page.locator(".nt-picture .marks > div").first

    def rank_is(rank: int) -> None:
        page.wait_for_function(
            """rank => document.querySelector('.nt-picture .marks > div')
                .getAttribute('aria-label').includes(`, rank ${rank.toLocaleString('en')},`)""",
            arg=rank,
        )

    first.wait_for()
    # Over a picture that has not the focus, the wheel is the page's.
    first.hover()
    page.mouse.wheel(0, 10)
    page.wait_for_timeout(300)
    rank_is(1)
    page.get_by_role("button", name="Less likely").click()
    rank_is(13)
    page.get_by_role("button", name="Likelier").click()
    rank_is(1)
    marks.nth(11).focus()
    page.keyboard.press("ArrowDown")
    rank_is(2)
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").count(", rank 13,")
    page.keyboard.press("PageDown")
    rank_is(14)
    page.keyboard.press("End")
    rank_is(4096 - 11)
    page.keyboard.press("Home")
    rank_is(1)
    marks.nth(3).hover()
    page.mouse.wheel(0, 10)
    rank_is(4)
    marks.last.click()  # all others
    rank_is(16)
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.full
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_draw_lands_unless_the_reader_wants_less_motion(open_lab, motion):
    lab = open_lab()
    lab.page.emulate_media(reduced_motion=motion)
    page = lab.open(lab.write("landing.ipynb", BUILDING))
    page.wait_for_selector(".summary [role=status]")
    page.evaluate(LANDINGS)
    for count in ("1 draw:", "2 draws:"):
        page.get_by_role("button", name="Sample 1", exact=True).click()
        page.locator(".summary").get_by_text(count).wait_for()
    page.wait_for_timeout(1_000)
    assert page.evaluate("landings") == (2 if motion == "no-preference" else 0)
    assert page.locator(".nt-picture .landing").count() == 0
    assert lab.console == []


@pytest.mark.full
def test_the_setting_is_copied_and_sliders_say_what_is_read(open_lab):
    lab = open_lab()
    page = lab.open(lab.write("copying.ipynb", BUILDING))
    page.wait_for_selector(".summary [role=status]")
    handle = page.locator(".noUi-handle").nth(1)
    for _ in range(7):
        handle.press("ArrowLeft")
    page.locator(".summary").get_by_text("top-p 0.93").wait_for()
    assert handle.get_attribute("aria-valuetext") == "0.93"
    assert handle.get_attribute("aria-label") == "top_p"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy this setting").press("Enter")
    page.get_by_text("Copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == (
        "from course_utils.generate import Settings\n"
        'explore.Distribution("Once upon a time", knobs=["temperature", "top_p"], '
        "settings=Settings(top_p=0.93))"
    )
    lab.shoot("copied")
    assert lab.errors() == []
    assert lab.console == []


NASTY = ["<script>x()</script>", "$x$ & _y_", "a\0b", "שלום עולם", "猫が好き 🐱👩‍🚀"]


@pytest.mark.full
def test_nasty_prompts_stay_text(open_lab):
    lab = open_lab()
    cell = "# %%\nexplore.Distribution({!r})\n"
    source = "# %%\nfrom course_utils import explore\n" + "".join(map(cell.format, NASTY))
    page = lab.open(lab.write("nasty.ipynb", source))
    page.locator(".nt-panel").first.wait_for()
    for prompt in NASTY:
        lab.scroll_to(f"explore.Distribution({prompt!r})")
        panel = page.locator(".jp-Cell.jp-mod-active .nt-panel")
        panel.locator(".nt-picture .marks > div").first.click()
        panel.locator(".path").wait_for()
        shown = panel.locator(".path .prompt").inner_text()
        assert shown == prompt if "\0" not in prompt else "\\x00" in shown
    lab.shoot("nasty")
    assert page.locator(".nt-panel script").count() == 0
    assert lab.errors() == []
    assert lab.console == []


@pytest.mark.prove
def test_a_nasty_prompt_stays_text_in_every_explorer(open_lab):
    lab = open_lab()
    text = " ".join(NASTY)
    names = [name for name in panels() if name not in ("Duel", "Votes", "Frontier")]  # no prompt
    made = [f"explore.{name}({text!r})" for name in names]
    source = "# %%\nfrom course_utils import explore\n" + "".join(f"# %%\n{one}\n" for one in made)
    page = lab.open(lab.write("nasty_all.ipynb", source))
    for one in made:
        lab.scroll_to(one)
        panel = page.locator(".jp-Cell.jp-mod-active .nt-panel")
        panel.locator(".summary").wait_for()
        panel.get_by_role("button", name="Stop", exact=True).wait_for(state="hidden")
        panel.locator(".nt-picture svg, .playground .card").first.wait_for()
        lab.shoot(f"nasty_{one[8:12]}")
    assert page.locator(".nt-panel script").count() == 0
    assert lab.errors() == []
    assert lab.console == []
