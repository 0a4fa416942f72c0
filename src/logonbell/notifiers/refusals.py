"""What each refusal on the way to SNS means, whether to try again, and what to do.

One question decides whether a notification is buried: *can anything that people or time mend make SNS take this very
message?* Only a fault of the message itself cannot be mended so, and only that is permanent. A topic that is not
there, a policy that forbids, credentials that ran out or are missing: all of them are somebody's work of ten minutes
(a stack redeployed at night brings back a topic of the same ARN), and an alert that was buried meanwhile is lost to
the person it was meant for. So these stay pending, tried again at the slow end of the backoff, and their sentence says
what to do; ``status`` shows it.

Sources: Amazon SNS API Reference, *Publish*, *PublishBatch* and *Common Errors*; AWS General Reference, *Signature
Version 4 troubleshooting*; botocore's ``exceptions`` and its retry tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from logonbell.notifier import Undelivered
from logonbell.sentence import Hole, Sentence, say

_WORDS = 300
"""Characters of AWS's own words that are kept."""


@dataclass(frozen=True, slots=True)
class Row:
    """A refusal: one of ``names`` (AWS's error codes, or botocore's exceptions) whose words match ``says``.

    ``single``: another message may well fare better, so the others are still tried.
    """

    names: frozenset[str]
    why: Sentence
    says: str = ""
    permanent: bool = False
    single: bool = False


class Spare(StrEnum):
    """A part of a message without which it is still worth sending."""

    SUBJECT = "subject"
    GROUP = "MessageGroupId"
    """Only on a topic that is not FIFO: there it keeps one host's storm from holding up the others' messages."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal with its meaning; ``single`` as in ``Row``. ``spare`` is the part it blames, if it is one to spare."""

    undelivered: Undelivered
    single: bool
    spare: Spare | None = None


def _row(names: str, why: Sentence, *, says: str = "", permanent: bool = False, single: bool = False) -> Row:
    return Row(frozenset(names.split()), why, says, permanent, single)


_NOT_VALID = (
    "InvalidParameter InvalidParameterException ParameterValueInvalid InvalidParameterValue "
    "InvalidParameterValueException ValidationError ValidationException ParamValidationError"
)

# Which refusals are of one kind, whatever was asked; ``cloud/`` reads them, too.
NO_REGION = (
    "NoRegionError InvalidRegionError UnknownRegionError UnknownEndpointError EndpointResolutionError "
    "EndpointProviderError InvalidEndpointConfigurationError ServiceNotInRegionError"
)
NO_CREDENTIALS = "NoCredentialsError PartialCredentialsError"
EXPIRED = (
    "ExpiredToken ExpiredTokenException TokenRefreshRequired UnauthorizedSSOTokenError SSOTokenLoadError "
    "TokenRetrievalError LoginRefreshRequired LoginTokenLoadError RequestExpired RefreshWithMFAUnsupportedError"
)
NOT_ACCEPTED = (
    "InvalidClientTokenId UnrecognizedClientException InvalidAccessKeyId SignatureDoesNotMatch "
    "InvalidSignatureException IncompleteSignature IncompleteSignatureException MissingAuthenticationToken "
    "MissingAuthenticationTokenException AuthFailure"
)
UNREADABLE = (
    "ProfileNotFound ConfigNotFound ConfigParseError InvalidConfigError CredentialRetrievalError "
    "MetadataRetrievalError UnknownCredentialError SSOError LoginError MissingDependencyException "
    "PermissionError FileNotFoundError"
)
TOO_MUCH = (
    "Throttling ThrottlingException Throttled ThrottledException ThrottledRequestException RequestThrottled "
    "RequestThrottledException TooManyRequestsException RequestLimitExceeded BandwidthLimitExceeded "
    "LimitExceededException SlowDown PriorRequestNotComplete KMSThrottling KMSThrottlingException 429"
)

# The first row that fits speaks. Holes: {topic}, {region}, {endpoint}, {code} (AWS's, or the exception's name) and
# {words} (AWS's own, which often name the missing right).
TABLE: tuple[Row, ...] = (
    # Settings: mendable, so pending.
    _row(
        NO_REGION,
        say("There is no SNS in the region {region}. Mend region; the alert waits. ({words})"),
    ),
    _row(
        "NotFound NotFoundException ResourceNotFoundException TopicNotFound",
        say("The topic {topic} does not exist. Create it, or mend topic_arn; the alert waits. ({words})"),
    ),
    _row(
        "InvalidParameter InvalidParameterException InvalidParameterValue InvalidClientTokenId",
        say("SNS in {region} does not know {topic}. Mend topic_arn or region; the alert waits. ({words})"),
        says=r"topic ?arn|target ?arn|topic name|no account found",
    ),
    _row(
        "AuthorizationError AuthorizationErrorException AccessDenied AccessDeniedException UnauthorizedOperation "
        "NotAuthorized OptInRequired",
        say("AWS forbids publishing to {topic}. Allow sns:Publish on it; the alert waits. ({words})"),
    ),
    _row(
        "KMSAccessDenied KMSAccessDeniedException KMSDisabled KMSDisabledException KMSInvalidState "
        "KMSInvalidStateException KMSNotFound KMSNotFoundException KMSOptInRequired",
        say(
            "The topic's encryption key cannot be used. Allow kms:GenerateDataKey and kms:Decrypt on it, or enable "
            "it; the alert waits. ({code}: {words})"
        ),
    ),
    _row(
        "InvalidSecurity InvalidSecurityException",
        say("SNS asks for https and a signature. Mend endpoint_url; the alert waits. ({words})"),
    ),
    # Credentials: they come and go, so pending.
    _row(
        NO_CREDENTIALS,
        say(
            "No AWS credentials were found. Attach a role to this machine, or set them for the account that runs "
            "logonbell; the alert waits. ({words})"
        ),
    ),
    _row(
        EXPIRED,
        say("The AWS credentials have expired. Renew them; the alert waits. ({words})"),
    ),
    _row(
        "RequestTimeTooSkewed SignatureDoesNotMatch InvalidSignatureException AuthFailure",
        say(
            "This machine's clock is wrong for AWS. Set it (w32tm /resync, chronyc makestep); the alert waits. ({words})"
        ),
        says=r"expired|not yet current|skew|too far|is now (?:earlier|later)",
    ),
    _row(
        "RequestTimeTooSkewed",
        say("This machine's clock is wrong for AWS. Set it; the alert waits. ({words})"),
    ),
    _row(
        NOT_ACCEPTED,
        say("AWS does not accept these credentials. Renew them; the alert waits. ({code}: {words})"),
    ),
    _row(
        UNREADABLE,
        say("The AWS credentials cannot be read. Mend the AWS configuration; the alert waits. ({words})"),
    ),
    # The message: nothing but another message helps.
    _row(
        f"{_NOT_VALID} InvalidMessageContents",
        say("SNS does not take this message. ({code}: {words})"),
        says=r"subject|message(?!groupid|deduplicationid|structure)|attribute|too long",
        permanent=True,
        single=True,
    ),
    _row(
        "EntityTooLarge RequestEntityTooLarge BatchRequestTooLong BatchRequestTooLongException 413",
        say("SNS finds this message too large. ({code}: {words})"),
        permanent=True,
        single=True,
    ),
    # Of the message or of the settings: nobody can tell, so nothing is buried and nothing held up.
    _row(
        _NOT_VALID,
        say(
            "SNS does not take what it is asked. Look at the topic's settings; the alert waits. ({code}: {words})"
        ),
        single=True,
    ),
    # Load: soon over.
    _row(
        TOO_MUCH,
        say("SNS is asked too much at once. It is tried again, more slowly. ({code}: {words})"),
    ),
    _row(
        "InternalError InternalErrorException InternalFailure InternalServerError ServiceUnavailable "
        "ServiceUnavailableException RequestTimeout RequestTimeoutException 5xx",
        say("SNS in {region} has trouble. It is tried again. ({code}: {words})"),
    ),
    # The way there.
    _row(
        "EndpointConnectionError",
        say("{endpoint} has no address. Look at this machine's DNS and region; the alert waits. ({words})"),
        says=r"resolve|getaddrinfo|name or service|nodename|no such host|temporary failure",
    ),
    _row(
        "SSLError",
        say(
            "{endpoint} showed a certificate that this machine does not trust. Look at its clock, its proxy and "
            "AWS_CA_BUNDLE; the alert waits. ({words})"
        ),
        says=r"certificate|verify",
    ),
    _row("SSLError", say("No TLS with {endpoint}. Look at the proxy on the way; the alert waits. ({words})")),
    _row(
        "ProxyConnectionError InvalidProxiesConfigError",
        say("The proxy to {endpoint} does not answer. Look at HTTPS_PROXY; the alert waits. ({words})"),
    ),
    _row(
        "ConnectTimeoutError EndpointConnectionError",
        say(
            "{endpoint} cannot be reached. Look at the network, its firewall and port; the alert waits. ({words})"
        ),
    ),
    _row(
        "ReadTimeoutError",
        say("{endpoint} did not answer in time. It may have taken the alert; it is sent again. ({words})"),
    ),
    _row(
        "ConnectionClosedError HTTPClientError ResponseStreamingError IncompleteReadError ConnectionError",
        say("{endpoint} hung up. It may have taken the alert; it is sent again. ({words})"),
    ),
    _row(
        "ResponseParserError Unanswered",
        say(
            "{endpoint} does not answer like SNS. Look at endpoint_url and at the proxy on the way; it is tried "
            "again. ({words})"
        ),
    ),
)
UNKNOWN = say("SNS refused for a reason that logonbell does not know. It is tried again. ({code}: {words})")


def read_refusal(names: Iterable[str], words: str, facts: Mapping[str, Hole]) -> Refusal:
    """Say what a refusal means. ``names``: what it is called, the most telling first; ``words``: what it says."""
    called = list(names)
    told = {**facts, "code": called[0], "words": " ".join(words.split())[:_WORDS]}
    for row in TABLE:
        if not row.names.isdisjoint(called) and re.search(row.says, words, re.IGNORECASE):
            undelivered = Undelivered(replace(row.why, holes=told), row.permanent)
            return Refusal(undelivered, row.single, _spare(called, words) if row.single else None)
    return Refusal(Undelivered(replace(UNKNOWN, holes=told)), single=False)


def _spare(called: Iterable[str], words: str) -> Spare | None:
    if set(_NOT_VALID.split()).isdisjoint(called):
        return None
    return next((spare for spare in Spare if spare.casefold() in words.casefold()), None)
