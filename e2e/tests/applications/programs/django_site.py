"""A site of two pages with Django's sessions, users and log-in; its pages say nothing of caching."""

import django
from cheroot import wsgi
from django.conf import settings

settings.configure(
    SECRET_KEY="a secret of this test",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.db"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request"],
            "loaders": [("django.template.loaders.locmem.Loader", {
                "registration/login.html": "<form method=post>{% csrf_token %}{{ form }}</form>",
            })],
        },
    }],
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
)
django.setup()

from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, LogoutView
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path


class NoVary:
    """Takes `Vary: Cookie` away, as careless sites and frameworks leave it out."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environment, start):
        def begin(status, fields, *more):
            return start(status, [field for field in fields if field[0] != "Vary"], *more)

        return self.application(environment, begin)


def home(request):
    return HttpResponse(f"hello {request.user.username or 'stranger'}")


def about(request):
    return HttpResponse("about us")


urlpatterns = [
    path("", home),
    path("about", about),
    path("login", LoginView.as_view()),
    path("logout", LogoutView.as_view()),
]
call_command("migrate", verbosity=0)
User.objects.create_user("anna", password="pass of anna")
User.objects.create_user("berta", password="pass of berta")
server = wsgi.Server(("127.0.0.1", 0), NoVary(get_wsgi_application()))
server.prepare()
print(f"listening on 127.0.0.1:{server.bind_addr[1]}", flush=True)
server.serve()
