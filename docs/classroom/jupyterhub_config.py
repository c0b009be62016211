"""JupyterHub for one class on one machine: users of the system, JupyterLab, nbgrader.

docs/classroom.md says where the files of this folder go.
"""

import grp
import os
import pwd

c = get_config()  # noqa: F821  JupyterHub gives this name to the file

SETTINGS = "/etc/next-token"

# Only this machine: passwords need TLS, so a web server with a certificate stands in front.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"instructors", "students"}
c.Spawner.default_url = "/lab"


def settings(spawner) -> str:
    """The folders of Jupyter and nbgrader settings for a user, first one first."""
    user = pwd.getpwnam(spawner.user.name)
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    teaches = grp.getgrnam("instructors").gr_gid in groups
    return ":".join([f"{SETTINGS}/instructor"] * teaches + [f"{SETTINGS}/everyone"])


c.Spawner.environment = {
    # Comes before ~/.jupyter, so nobody's own settings send work to another exchange.
    "JUPYTER_CONFIG_PATH": settings,
    # A class shares the cores: without it each student's torch would take all of them.
    "OMP_NUM_THREADS": "1",
    # Tells nobody at once whether an answer is right; `course lab` does, for who learns alone.
    "COURSE_SELF_PACED": "0",
}
