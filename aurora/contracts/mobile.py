"""Mobile: store listings, releases, ratings, installs, vitals."""

from aurora.contracts.columns import count, instant, json_text, measure, on, one_of, real, text
from aurora.contracts.table import Table


class MobileApps(Table, key="store_app_id day", time="day", part="month(day)", mode="snapshot"):
    """One row per store listing and day."""

    store_app_id = text("link kind store_app")
    platform = one_of("ios", "android")
    store_native_id = text("Apple id or package")
    bundle_id = text(null=True)
    name = text()
    current_version = text(null=True)
    current_build = text(null=True)
    rating_avg = real()
    rating_count = count()
    review_count = count()
    download_count = count("lifetime where the store tells, else since download_since_on")
    download_since_on = on(null=True)
    supported_os = text(null=True)
    bundle_size_bytes = count()
    last_released_at = instant(null=True)
    day = on()


class MobileReleases(Table, key="mobile_release_id", time="created_at", mode="upsert"):
    """One row per version on a store track; production ones also land as deployments."""

    mobile_release_id = text()
    store_app_id = text()
    version = text()
    track = one_of("production", "beta", "alpha", "internal", "testflight", "unknown")
    track_raw = text(null=True)
    state = one_of("draft", "in_review", "rolling_out", "released", "halted", "rejected", "removed", "unknown")
    state_raw = text(null=True)
    rollout_ratio = measure()
    created_at = instant()
    released_at = instant(null=True)
    updated_at = instant()
    notes = text(null=True)


class MobileBuilds(Table, key="build_id", time="uploaded_at", mode="upsert"):
    """One row per uploaded build."""

    build_id = text()
    store_app_id = text()
    version = text()
    build_number = text()
    uploaded_at = instant()
    state = one_of("processing", "valid", "invalid", "expired", "unknown", null=True)
    state_raw = text(null=True)
    supported_os = text(null=True)
    size_bytes = count()


class StoreReviews(Table, key="review_id", time="created_at", part="month(created_at)", mode="upsert"):
    """One row per review."""

    review_id = text()
    store_app_id = text()
    country = text(null=True)
    language = text(null=True)
    rating = count()
    title = text(null=True)
    body = text(null=True)
    author_hash = text(null=True)
    version = text(null=True)
    device_model = text(null=True)
    created_at = instant()
    updated_at = instant()
    replied_at = instant(null=True)
    reply_body = text(null=True)
    deleted_seen_at = instant(null=True)


class StoreRatingsDaily(Table, key="store_app_id country day", time="day", part="month(day)", mode="upsert"):
    """One row per store app, country and day."""

    store_app_id = text()
    country = text("'' = all", blank=True)
    day = on()
    rating_avg = real()
    rating_count = count()
    day_rating_avg = real()
    visitor_count = count()
    acquisition_count = count()
    conversion_ratio = measure()


class MobileInstallsDaily(Table, key="store_app_id version country day", time="day", part="month(day)", mode="upsert"):
    """One row per store app, version, country and day."""

    store_app_id = text()
    version = text("'' = all", blank=True)
    country = text("'' = all", blank=True)
    day = on()
    day_tz = text(null=True)
    install_count = count()
    uninstall_count = count()
    update_count = count()
    first_download_count = count()
    redownload_count = count()
    active_device_count = count()
    lifetime_user_count = count()


class MobileEngagementDaily(
    Table, key="store_app_id version country day", time="day", part="month(day)", mode="upsert"
):
    """One row per store app, version, country and day."""

    store_app_id = text()
    version = text("'' = all", blank=True)
    country = text("'' = all", blank=True)
    day = on()
    session_count = count()
    session_total_s = measure()
    device_count = count()
    page_view_count = count()
    impression_count = count()
    feature_uses = json_text()


class MobileVitalsDaily(
    Table, key="store_app_id version device_model country vital day", time="day", part="month(day)", mode="upsert"
):
    """One row per store app, version, device model, country, vital and day."""

    store_app_id = text()
    version = text("'' = all", blank=True)
    device_model = text("'' = all", blank=True)
    country = text("'' = all", blank=True)
    vital = one_of(
        "crash",
        "user_perceived_crash",
        "anr",
        "user_perceived_anr",
        "wake_lock",
        "slow_start_cold",
        "slow_start_warm",
        "slow_start_hot",
        "slow_frames",
        "frozen_frames",
        "launch_time",
        "memory",
        "other",
    )
    vital_raw = text(null=True)
    day = on()
    day_tz = text()
    value = real()
    unit = one_of("ratio", "ms", "bytes")
    user_count = count()


class ReleaseHealthDaily(Table, key="project_id version env_tier day", time="day", part="month(day)", mode="upsert"):
    """One row per release, environment and day from an SDK."""

    project_id = text()
    store_app_id = text(null=True)
    version = text(blank=True)
    env_tier = one_of("production", "staging", "testing", "development", "unknown")
    day = on()
    session_count = count()
    crashed_session_count = count()
    errored_session_count = count()
    user_count = count()
    crashed_user_count = count()
    adoption_ratio = measure()
