"""How one signs in at BigQuery: the options that all connectors that query it share, and the site they make."""

from pydantic import Field, model_validator

from aurora.settings import Frozen, Secret
from ingest.http import Site
from ingest.vendors.bigquery import limited
from ingest.vendors.google_sign_in import signed_token

AUDIENCE = "https://bigquery.googleapis.com/"
PROJECT = "^[0-9A-Za-z.:-]+$"
DATASET = "^[0-9A-Za-z_]+$"


class BigQueryAccess(Frozen):
    """`project` runs the queries and pays for them; `dataset_project` where the data lie in another one."""

    project: str = Field(pattern=PROJECT)
    dataset_project: str | None = Field(None, pattern=PROJECT)
    service_account: Secret | None = None
    token: Secret | None = None
    maximum_bytes: int = Field(50_000_000_000, ge=10_485_760)
    url: str = Field("https://bigquery.googleapis.com", pattern="^https?://[^/]")

    @model_validator(mode="after")
    def _one_way_in(self) -> "BigQueryAccess":
        if (self.service_account is None) == (self.token is None):
            raise ValueError("give either service_account or token")
        return self

    def site(self) -> Site:
        """The API with a token for an hour. Raises SourceError(auth) for a key that is none."""
        token = self.token.reveal() if self.token else signed_token(self.service_account, AUDIENCE)
        return Site(self.url, {"Authorization": f"Bearer {token}"}, secrets=(token,), limited=limited)
