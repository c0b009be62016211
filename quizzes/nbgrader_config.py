"""Stock nbgrader, set up for this course.

`course build` makes source/NAME/NAME.ipynb from source/NAME/NAME.py; after it, run nbgrader in this
folder as its manual says, or elsewhere with --course-dir. `course build` and `course score` read
these settings too.
"""

from nbconvert.preprocessors import ClearMetadataPreprocessor, CSSHTMLHeaderPreprocessor
from nbgrader import preprocessors as stock

from course_utils.author import questions
from course_utils.grading import pages, plugin, served

c = get_config()  # noqa: F821  nbgrader gives this name to the file

c.CourseDirectory.course_id = "next_token"
c.CourseDirectory.source_directory = "source"
# Not ../notebooks: generate_assignment --force would empty a folder that is not nbgrader's alone.
c.CourseDirectory.release_directory = "release"
# The last one keeps the text of a module, with its answers, out of what learners get.
c.CourseDirectory.ignore = [
    ".ipynb_checkpoints",
    "*.pyc",
    "__pycache__",
    "feedback",
    "[0-9][0-9]_*.py",
]
# The usual stub raises an error, which a function to repair would keep at its end.
c.ClearSolutions.code_stub = {"python": questions.STUB}

# A submission is read as `course grade` reads it, whoever saved it.
c.Autograde.exporter_class = plugin.Exporter
# Students' code runs in a sandbox, and the tests where it cannot reach them.
c.Autograde.sanitize_preprocessors = [
    plugin.Repair,
    stock.ClearOutput,
    stock.DeduplicateIds,
    stock.OverwriteKernelspec,
    stock.OverwriteCells,
    stock.CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    plugin.Separate,
    stock.IgnorePattern,
    ClearMetadataPreprocessor,
    stock.LimitOutput,
    stock.SaveAutoGrades,
    stock.AssignLatePenalties,
    stock.CheckCellMetadata,
]
c.GenerateFeedback.preprocessors = [
    stock.GetGrades,
    plugin.HideTests,
    CSSHTMLHeaderPreprocessor,
]
c.ExchangeFactory.collect = plugin.Collect
plugin.check_before_copying()
# Formgrader and feedback show what students' code printed: as text, never as a page's script.
c.HTMLExporter.sanitize_html = True
c.HTMLExporter.filters = {
    "markdown2html": pages.markdown,
    "highlight_code": pages.code,
    "strip_files_prefix": pages.as_is,
}
served.check_before_serving()

# `nbgrader zip_collect` takes the zips of Canvas and Moodle; docs/teaching.md says how. As texts,
# so that what needs the extra [grading] is read where it is used.
c.ZipCollectApp.extractor_plugin = "course_utils.grading.handed_in.Extract"
c.ZipCollectApp.collector_plugin = "course_utils.grading.handed_in.Collector"
# Canvas: leeann_4711_98765_02_temperature.ipynb, and leeann_LATE_4711_… of late work.
c.Collector.canvas = (
    r"(?:.*/)?(?P<name>[^/]*?)_(?P<late>LATE_)?(?P<student_id>\d+)_\d+_(?P<file_id>[^/]+)"
)
# Moodle: Ann Lee_4711_assignsubmission_file/02_temperature.ipynb; a _ for the / without folders.
c.Collector.moodle = (
    r"(?:[^/]+/)*?(?P<name>[^/_]+)_(?P<student_id>\d+)_assignsubmission_file(?:_?/|_)"
    r"(?P<file_id>.+)"
)
c.ExportApp.plugin_class = "course_utils.grading.exports.CsvExport"
