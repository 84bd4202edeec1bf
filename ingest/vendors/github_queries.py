"""The GraphQL questions that GitHub is asked; only fields that supported Enterprise Servers know as well.

What a query costs is counted by connections, not by fields: points = (1 + items of outer connections that hold inner
ones, times the inner ones) / 100, at least 1.
"""

from collections.abc import Sequence

LIMIT = "rateLimit { cost limit remaining resetAt }"
PAGED = "pageInfo { hasNextPage endCursor }"
WHO = "login ... on User { databaseId } ... on Bot { databaseId }"
BY_UPDATE = "orderBy: {field: UPDATED_AT, direction: DESC}"
BY_CREATION = "orderBy: {field: CREATED_AT, direction: DESC}"
NEWEST_PULL_REQUEST = f"newest: pullRequests(first: 1, {BY_UPDATE}) {{ nodes {{ updatedAt }} }}"
NEWEST_ISSUE = f"hasIssuesEnabled newest: issues(first: 1, {BY_UPDATE}) {{ nodes {{ updatedAt }} }}"
NEWEST_DEPLOYMENT = f"url newest: deployments(first: 1, {BY_CREATION}) {{ nodes {{ createdAt }} }}"
BY_TAG_DATE = "orderBy: {field: TAG_COMMIT_DATE, direction: DESC}"
NEWEST_RELEASES = f"""releases(first: 3, {BY_CREATION}) {{ totalCount nodes {{ tagName updatedAt }} }}
  refs(refPrefix: "refs/tags/", first: 3, {BY_TAG_DATE}) {{ totalCount nodes {{ name target {{ oid }} }} }}"""
HEAD = "defaultBranchRef { name target { oid ... on Commit { committedDate history { totalCount } } } }"
DESCRIBED = f"url isPrivate createdAt pushedAt primaryLanguage {{ name }} {HEAD}"
TIP = "defaultBranchRef { name target { oid } }"
REPOSITORY = "fragment Told on Repository { databaseId nameWithOwner isArchived isDisabled NEWEST }"


def owned_query() -> str:
    """All repositories of an organization or a person; a fragment Told must follow."""
    order = "orderBy: {field: NAME, direction: ASC}"
    return f"""query Survey($owner: String!, $first: Int!, $after: String) {{ {LIMIT}
  repositoryOwner(login: $owner) {{
    repositories(first: $first, after: $after, ownerAffiliations: OWNER, {order}) {{
      {PAGED} nodes {{ ...Told }} }} }} }}
"""


def listed_query(names: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Some repositories by name, and the variables of the query; a fragment Told must follow."""
    parts, types = [], []
    variables: dict[str, str] = {}
    for place, name in enumerate(names):
        owner, _, repository = name.partition("/")
        variables |= {f"o{place}": owner, f"n{place}": repository}
        types.append(f"$o{place}: String!, $n{place}: String!")
        parts.append(f"r{place}: repository(owner: $o{place}, name: $n{place}) {{ ...Told }}")
    lines = "\n  ".join(parts)
    return f"query Survey({', '.join(types)}) {{ {LIMIT}\n  {lines} }}\n", variables


REVIEW = f"fullDatabaseId state submittedAt author {{ __typename {WHO} }}"
PULL_REQUESTS = f"""
query PullRequests($owner: String!, $name: String!, $first: Int!, $after: String, $states: [PullRequestState!]) {{
  {LIMIT}
  repository(owner: $owner, name: $name) {{
    pullRequests(first: $first, after: $after, states: $states, {BY_UPDATE}) {{ {PAGED} nodes {{
      number title state isDraft url createdAt updatedAt mergedAt closedAt baseRefName headRefName headRefOid
      author {{ __typename {WHO} }} mergeCommit {{ oid }} additions deletions changedFiles totalCommentsCount
      labels(first: 30) {{ nodes {{ name }} }}
      commits(first: 100) {{ totalCount nodes {{ commit {{ authoredDate }} }} }}
      reviews(first: 50) {{ {PAGED} nodes {{ {REVIEW} }} }}
      closingIssuesReferences(first: 10) {{ nodes {{ number repository {{ nameWithOwner }} }} }} }} }} }} }}
"""
REVIEWS = f"""
query Reviews($owner: String!, $name: String!, $number: Int!, $first: Int!, $after: String) {{ {LIMIT}
  repository(owner: $owner, name: $name) {{ pullRequest(number: $number) {{
    reviews(first: $first, after: $after) {{ {PAGED} nodes {{ {REVIEW} }} }} }} }} }}
"""
DEPLOYMENT = """
fragment Deployed on Deployment { id databaseId commitOid environment task description createdAt updatedAt state
  ref { name prefix } creator { login } commit { id authoredDate messageHeadline }
  statuses(first: 50) { nodes { state createdAt logUrl environmentUrl } } }
"""
DEPLOYMENTS = f"""
query Deployments($owner: String!, $name: String!, $first: Int!, $after: String, $environments: [String!]) {{ {LIMIT}
  repository(owner: $owner, name: $name) {{
    deployments(first: $first, after: $after, environments: $environments, {BY_CREATION}) {{
      {PAGED} nodes {{ ...Deployed }} }} }} }}
{DEPLOYMENT}"""
OPEN_DEPLOYMENTS = f"""
query OpenDeployments($ids: [ID!]!) {{ {LIMIT} nodes(ids: $ids) {{ ...Deployed }} }}
{DEPLOYMENT}"""
MERGED_BY = """
query MergedBy($ids: [ID!]!) { rateLimit { cost limit remaining resetAt }
  nodes(ids: $ids) { ... on Commit { oid associatedPullRequests(first: 1) { nodes {
    number headRefName repository { databaseId } labels(first: 10) { nodes { name } } } } } } }
"""
COMMIT = """
fragment Committed on Commit { oid authoredDate committedDate messageHeadline additions deletions
  changedFilesIfAvailable parents(first: 10) { nodes { oid } } author { name email user { databaseId login } } }
"""
HISTORY = f"""
query History($owner: String!, $name: String!, $first: Int!, $after: String, $since: GitTimestamp) {{ {LIMIT}
  repository(owner: $owner, name: $name) {{ defaultBranchRef {{ target {{ ... on Commit {{
    history(first: $first, after: $after, since: $since) {{ {PAGED} nodes {{ ...Committed }} }} }} }} }} }} }}
{COMMIT}"""
COMMITS = f"""
query Commits($ids: [ID!]!) {{ {LIMIT} nodes(ids: $ids) {{ ...Committed }} }}
{COMMIT}"""
RELEASE = "databaseId tagName name isDraft isPrerelease createdAt publishedAt description tagCommit { oid }"
RELEASES = f"""
query Releases($owner: String!, $name: String!, $first: Int!, $after: String) {{ {LIMIT}
  repository(owner: $owner, name: $name) {{
    releases(first: $first, after: $after, {BY_CREATION}) {{ {PAGED} nodes {{ {RELEASE} }} }} }} }}
"""
TAGGED = """target { __typename oid ... on Commit { committedDate }
      ... on Tag { message tagger { date } target { __typename oid ... on Commit { committedDate } } } }"""
TAGS = f"""
query Tags($owner: String!, $name: String!, $first: Int!, $after: String) {{ {LIMIT}
  repository(owner: $owner, name: $name) {{
    refs(refPrefix: "refs/tags/", first: $first, after: $after, {BY_TAG_DATE}) {{ {PAGED} nodes {{
      name {TAGGED} }} }} }} }}
"""
