/* A stand-in for Windows' wevtapi.dll, for tests inside Wine: it tests our use of pywin32, and what we make of Windows' answers.
 *
 * The folder %LOGONBELL_EVENTS% holds a file for each channel (the slash of its name as ~): a line for each record,
 * "NUMBER XML". The file `control` beside them holds words and numbers that say what is wrong at the moment:
 *   refuse N   every call answers with error N (0: none)
 *   broken N M feeds that were opened before generation N answer with error M
 *   largest N  more records than N at once answer with 1734
 *   deaf N     1: what is written does not reach those who follow
 *   twice N    1: each record is delivered twice
 *   late N     record N does not reach those who follow as long as this stands here
 *   invalid N  1: a query that names event ids answers 15001
 *   lost N     1: no bookmark is found any more
 *   unmarked N record N gives no bookmark; unreadable N: record N gives no XML
 * It is read again after 10 ms. How many handles are open, and how many queries were made, is written to `handles.PID`
 * at each EvtNext, when no record is held, and at the end of the process.
 */
#include <windows.h>
#include <winevt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { RESULTS, RECORD, BOOKMARK };
struct handle {
    enum kind kind;
    char channel[256];
    long long number;      /* RECORD, BOOKMARK: where it stands; RESULTS: the last that was given */
    char *xml;             /* RECORD */
    char *query;           /* RESULTS */
    long long missed;      /* RESULTS: a record that is to come late */
    long behind;           /* RESULTS: where in the file the next record stands */
    int follows, reverse, generation, again;
    HANDLE signal, thread;
    volatile LONG stop;
};
static volatile LONG open_handles, queries;

static void folder(char *path, const char *name) {
    char root[MAX_PATH];
    if (!GetEnvironmentVariableA("LOGONBELL_EVENTS", root, sizeof root)) root[0] = 0;
    snprintf(path, MAX_PATH * 2, "%s\\%s", root, name);
}

static void count(int change) { InterlockedAdd(&open_handles, change); }

/* Note how many handles stay open while nothing is looked at. */
static void note(void) {
    char path[MAX_PATH * 2], name[64];
    snprintf(name, sizeof name, "handles.%lu", GetCurrentProcessId());
    folder(path, name);
    FILE *file = fopen(path, "w");
    if (file) { fprintf(file, "%ld %ld\n", open_handles, queries); fclose(file); }
}

BOOL WINAPI DllMain(HINSTANCE self, DWORD why, LPVOID reserved) {
    if (why == DLL_PROCESS_DETACH) note();
    return TRUE;
}

/* What a file holds behind a place; from its beginning where it is not that long any more. */
static char *content_behind(const char *name, long *place) {
    char path[MAX_PATH * 2];
    folder(path, name);
    HANDLE file = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, 0, OPEN_EXISTING, 0, 0);
    if (file == INVALID_HANDLE_VALUE) return NULL;
    DWORD size = GetFileSize(file, 0), got = 0;
    if (*place > (long)size) *place = 0;
    SetFilePointer(file, *place, 0, FILE_BEGIN);
    size -= *place;
    char *text = malloc(size + 1);
    ReadFile(file, text, size, &got, 0);
    CloseHandle(file);
    text[got] = 0;
    return text;
}

static char *content(const char *name) { return content_behind(name, &(long){0}); }

static int control(const char *word, int *second) {
    static SRWLOCK lock = SRWLOCK_INIT;
    static char text[1024];
    static ULONGLONG read;
    AcquireSRWLockExclusive(&lock);
    if (!read || GetTickCount64() - read > 10) {
        char *found = content("control");
        snprintf(text, sizeof text, "%s", found ? found : "");
        free(found);
        read = GetTickCount64();
    }
    char *at = text;
    size_t length = strlen(word);
    int first = 0;
    while (at && (strncmp(at, word, length) || at[length] != ' ')) { at = strchr(at, '\n'); if (at) at++; }
    if (at) sscanf(at + length, "%d %d", &first, second ? second : &(int){0});
    ReleaseSRWLockExclusive(&lock);
    return first;
}

static void file_of(const char *channel, char *name) {
    strcpy(name, channel);
    for (char *c = name; *c; c++) if (*c == '/') *c = '~';
}

static char *narrow(LPCWSTR text) {
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, 0, 0, 0, 0);
    char *out = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, out, size, 0, 0);
    return out;
}

static struct handle *made(enum kind kind, const char *channel) {
    struct handle *h = calloc(1, sizeof *h);
    h->kind = kind;
    snprintf(h->channel, sizeof h->channel, "%s", channel);
    count(1);
    return h;
}

/* Whether a record is what a query asks for: by its event ids, its number, its time. */
static int selected(const char *query, const char *xml, long long number) {
    const char *id = strstr(xml, "<EventID"), *at = query;
    int found = !strstr(query, "EventID="), wanted = id ? atoi(strchr(id, '>') + 1) : -1;
    while ((at = strstr(at, "EventID="))) { at += 8; if (atoi(at) == wanted) found = 1; }
    if ((at = strstr(query, "EventRecordID=")) && atoll(at + 14) != number) return 0;
    const char *time = strstr(xml, "SystemTime='");
    if (time) for (at = query; (at = strstr(at, "@SystemTime")); at++) {
        int later = !strncmp(at + 11, "&gt;=", 5), earlier = !strncmp(at + 11, "&lt;", 4);
        const char *border = strchr(at, '\'') + 1;
        int order = strncmp(time + 12, border, 26);
        if ((later && order < 0) || (earlier && order >= 0)) return 0;
    }
    return found;
}

static struct handle *record_in(struct handle *feed, const char *xml, long long number) {
    struct handle *record = made(RECORD, feed->channel);
    const char *end = strchr(xml, '\n');
    record->xml = malloc(end - xml + 1);
    memcpy(record->xml, xml, end - xml);
    record->xml[end - xml] = 0;
    record->number = number;
    return record;
}

/* The next record from `line` on that a feed has not given (in reverse: the last one before it): NULL if there is none.
 * `line` is then behind what was looked at. */
static struct handle *following(struct handle *feed, char **line, long long late) {
    char *best = NULL;
    long long number = 0;
    while (*line && **line) {
        char *end = strchr(*line, '\n');
        if (!end) break; /* still being written */
        long long here = atoll(*line);
        char *xml = strchr(*line, ' ') + 1;
        *line = end + 1;
        *end = 0;
        int fits = feed->reverse ? (!feed->number || here < feed->number) : here > feed->number;
        fits = fits && selected(feed->query, xml, here);
        *end = '\n';
        if (fits && feed->follows && late && here == late) { feed->missed = here; continue; }
        if (fits) { best = xml; number = here; }
        if (best && !feed->reverse) break;
    }
    return best ? record_in(feed, best, number) : NULL;
}

static struct handle *numbered(struct handle *feed, long long number) {
    char name[256];
    file_of(feed->channel, name);
    char *text = content(name), *line = text;
    while (line && *line && atoll(line) != number) { line = strchr(line, '\n'); if (line) line++; }
    struct handle *record = line && *line ? record_in(feed, strchr(line, ' ') + 1, number) : NULL;
    free(text);
    return record;
}

static int stands(const char *channel, long long number) {
    char name[256];
    file_of(channel, name);
    char *text = content(name), *line = text;
    int found = 0;
    while (line && *line && !found) {
        found = atoll(line) == number;
        line = strchr(line, '\n');
        if (line) line++;
    }
    free(text);
    return found;
}

static DWORD refusal(const char *channel) {
    int code = control("refuse", NULL);
    char name[256], path[MAX_PATH * 2];
    if (code) return code;
    file_of(channel, name);
    folder(path, name);
    return GetFileAttributesA(path) == INVALID_FILE_ATTRIBUTES ? ERROR_EVT_CHANNEL_NOT_FOUND : 0;
}

static DWORD WINAPI signalling(void *given) {
    struct handle *feed = given;
    char name[256], path[MAX_PATH * 2];
    file_of(feed->channel, name);
    folder(path, name);
    ULONGLONG known = 0;
    while (!feed->stop) {
        WIN32_FILE_ATTRIBUTE_DATA found;
        if (GetFileAttributesExA(path, GetFileExInfoStandard, &found) && found.nFileSizeLow != known) {
            known = found.nFileSizeLow;
            if (!control("deaf", NULL)) SetEvent(feed->signal);
        }
        Sleep(10);
    }
    return 0;
}

static void path_of(LPCWSTR query, LPCWSTR channel, char *out) {
    char *text = narrow(query ? query : channel), *at = strstr(text, "Path=\"");
    if (at) sscanf(at + 6, "%255[^\"]", out);
    else { char *name = narrow(channel); snprintf(out, 256, "%s", name); free(name); }
    free(text);
}

static struct handle *feed_of(LPCWSTR channel, LPCWSTR query) {
    char name[256];
    path_of(query, channel, name);
    DWORD code = refusal(name);
    char *asked = narrow(query ? query : L"*");
    if (!code && control("invalid", NULL) && strstr(asked, "EventID=")) code = ERROR_EVT_INVALID_QUERY;
    if (code) { free(asked); SetLastError(code); return NULL; }
    struct handle *feed = made(RESULTS, name);
    feed->query = asked;
    feed->generation = control("broken", NULL);
    return feed;
}

EVT_HANDLE WINAPI EvtQuery(EVT_HANDLE session, LPCWSTR channel, LPCWSTR query, DWORD flags) {
    InterlockedIncrement(&queries);
    struct handle *feed = feed_of(channel, query);
    if (feed) feed->reverse = !!(flags & EvtQueryReverseDirection);
    return feed;
}

BOOL WINAPI EvtClose(EVT_HANDLE object);

EVT_HANDLE WINAPI EvtSubscribe(EVT_HANDLE session, HANDLE signal, LPCWSTR channel, LPCWSTR query, EVT_HANDLE bookmark,
                               PVOID context, EVT_SUBSCRIBE_CALLBACK callback, DWORD flags) {
    struct handle *feed = feed_of(channel, query), *mark = bookmark;
    if (!feed) return NULL;
    feed->follows = 1;
    if ((flags & EvtSubscribeOriginMask) == EvtSubscribeStartAfterBookmark) {
        if (!mark || control("lost", NULL) || strcmp(mark->channel, feed->channel) || !stands(feed->channel, mark->number)) {
            EvtClose(feed);
            SetLastError(ERROR_NOT_FOUND);
            return NULL;
        }
        feed->number = mark->number;
    }
    if (signal) {
        DuplicateHandle(GetCurrentProcess(), signal, GetCurrentProcess(), &feed->signal, 0, FALSE, DUPLICATE_SAME_ACCESS);
        feed->thread = CreateThread(0, 0, signalling, feed, 0, 0);
    }
    return feed;
}

BOOL WINAPI EvtNext(EVT_HANDLE object, DWORD most, EVT_HANDLE *out, DWORD timeout, DWORD flags, PDWORD given) {
    struct handle *feed = object;
    char name[256], *text;
    note();
    int code = 0, generation = control("broken", &code), largest = control("largest", NULL), twice = control("twice", NULL);
    DWORD refused = refusal(feed->channel);
    *given = 0;
    if (refused || (generation > feed->generation && code)) { SetLastError(refused ? refused : (DWORD)code); return FALSE; }
    if (feed->follows && control("deaf", NULL)) { SetLastError(ERROR_NO_MORE_ITEMS); return FALSE; }
    file_of(feed->channel, name);
    if (feed->reverse) feed->behind = 0;
    text = content_behind(name, &feed->behind);
    char *line = text;
    long long before = feed->number, late = control("late", NULL);
    long place = feed->behind;
    if (feed->missed && !late) {
        struct handle *record = numbered(feed, feed->missed);
        feed->missed = 0;
        if (record) out[(*given)++] = record;
    }
    while (*given < most) {
        char *from = line;
        struct handle *record = following(feed, &line, late);
        if (!record) break;
        out[(*given)++] = record;
        if (twice && feed->follows && !feed->again) { feed->again = 1; line = from; }
        else { feed->number = record->number; feed->again = 0; }
        if (feed->reverse) line = text;
    }
    if (line) feed->behind += line - text;
    free(text);
    if (largest && *given > (DWORD)largest) {
        for (DWORD n = 0; n < *given; n++) EvtClose(out[n]);
        feed->number = before;
        feed->behind = place;
        *given = 0;
        SetLastError(RPC_S_INVALID_BOUND);
        return FALSE;
    }
    if (!*given) { SetLastError(ERROR_NO_MORE_ITEMS); return FALSE; }
    return TRUE;
}

BOOL WINAPI EvtSeek(EVT_HANDLE object, LONGLONG position, EVT_HANDLE bookmark, DWORD timeout, DWORD flags) {
    struct handle *feed = object, *mark = bookmark;
    if ((flags & EvtSeekOriginMask) == EvtSeekRelativeToBookmark) {
        if (!mark || !stands(feed->channel, mark->number)) { SetLastError(ERROR_NOT_FOUND); return FALSE; }
        feed->number = mark->number - 1; /* the one it stands on comes next */
        feed->behind = 0;
    }
    for (LONGLONG n = 0; n < position; n++) {
        EVT_HANDLE passed; DWORD got;
        if (!EvtNext(feed, 1, &passed, 0, 0, &got)) { SetLastError(ERROR_NOT_FOUND); return FALSE; }
        EvtClose(passed);
    }
    return TRUE;
}

EVT_HANDLE WINAPI EvtCreateBookmark(LPCWSTR given) {
    struct handle *mark = made(BOOKMARK, "");
    if (!given || !*given) return mark;
    char *xml = narrow(given), *channel = strstr(xml, "Channel='"), *number = strstr(xml, "RecordId='");
    if (channel && number) { sscanf(channel + 9, "%255[^']", mark->channel); mark->number = atoll(number + 10); }
    free(xml);
    if (!channel || !number) { EvtClose(mark); SetLastError(ERROR_INVALID_DATA); return NULL; }
    return mark;
}

BOOL WINAPI EvtUpdateBookmark(EVT_HANDLE object, EVT_HANDLE event) {
    struct handle *mark = object, *record = event;
    if (control("unmarked", NULL) == record->number) { SetLastError(ERROR_INVALID_DATA); return FALSE; }
    strcpy(mark->channel, record->channel);
    mark->number = record->number;
    return TRUE;
}

BOOL WINAPI EvtRender(EVT_HANDLE context, EVT_HANDLE object, DWORD flags, DWORD size, PVOID buffer, PDWORD used, PDWORD properties) {
    struct handle *h = object;
    char place[512], *text = h->xml;
    if (flags == EvtRenderBookmark) {
        snprintf(place, sizeof place, "<BookmarkList>\r\n  <Bookmark Channel='%s' RecordId='%lld' IsCurrent='true'/>\r\n</BookmarkList>", h->channel, h->number);
        text = place;
    } else if (control("unreadable", NULL) == h->number) { SetLastError(ERROR_INVALID_DATA); return FALSE; }
    DWORD need = 2 * MultiByteToWideChar(CP_UTF8, 0, text, -1, 0, 0);
    *used = need;
    if (properties) *properties = 0;
    if (need > size) { SetLastError(ERROR_INSUFFICIENT_BUFFER); return FALSE; }
    MultiByteToWideChar(CP_UTF8, 0, text, -1, buffer, need / 2);
    return TRUE;
}

BOOL WINAPI EvtClose(EVT_HANDLE object) {
    struct handle *h = object;
    if (!h) { SetLastError(ERROR_INVALID_HANDLE); return FALSE; }
    if (h->thread) {
        h->stop = 1;
        WaitForSingleObject(h->thread, INFINITE);
        CloseHandle(h->thread);
        CloseHandle(h->signal);
    }
    free(h->xml);
    free(h->query);
    free(h);
    count(-1);
    return TRUE;
}
