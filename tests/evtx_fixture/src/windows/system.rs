//! The System channel: the kernel, power, the classic event log source, restarts and crashes.

use super::{CLASSIC, Definition, FieldDef, Source, boolean, hex64, sid, text, time, u16, u32};
use crate::event::Layout;
use crate::value::Sid;

pub(super) const SOURCES: &[Source] = &[
    kernel(
        "Kernel-General",
        "Microsoft-Windows-Kernel-General",
        "{a68ca8b7-004f-d7b6-a698-07e2de0f1f5d}",
        GENERAL,
    ),
    kernel("Kernel-Boot", "Microsoft-Windows-Kernel-Boot", "{15ca44ff-4d7a-4baa-bba5-0998955e531e}", BOOT),
    kernel("Kernel-Power", "Microsoft-Windows-Kernel-Power", "{331c3b3a-2005-44c2-ac5e-77220c37d6b4}", POWER),
    Source {
        process_id: 1500,
        user_sid: Some(Sid::new(5, &[19])),
        ..kernel(
            "Power-Troubleshooter",
            "Microsoft-Windows-Power-Troubleshooter",
            "{cdc05e28-c449-49c6-b9d2-88cf761644df}",
            TROUBLESHOOTER,
        )
    },
    Source {
        key: "EventLog",
        provider: "EventLog",
        guid: "",
        source_name: "",
        channel: "System",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: None,
        definitions: EVENTLOG,
    },
    Source {
        key: "User32",
        provider: "User32",
        guid: "{b0aa8734-56f7-41cc-b2f4-de228e98b946}",
        source_name: "User32",
        channel: "System",
        layout: Layout::Literal,
        process_id: 640,
        user_sid: Some(Sid::SYSTEM),
        definitions: USER32,
    },
    Source {
        key: "USER32",
        provider: "USER32",
        guid: "",
        source_name: "",
        channel: "System",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: Some(Sid::SYSTEM),
        definitions: USER32_CLASSIC,
    },
    Source {
        key: "WER",
        provider: "Microsoft-Windows-WER-SystemErrorReporting",
        guid: "{abce23e7-de45-4366-8631-84fa6c525952}",
        source_name: "BugCheck",
        channel: "System",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: None,
        definitions: WER,
    },
    Source {
        key: "LsaSrv",
        provider: "LsaSrv",
        guid: "{199fe037-2b82-40a9-82ac-e1d46c792b99}",
        source_name: "LsaSrv",
        channel: "System",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: None,
        definitions: LSA,
    },
    Source {
        key: "SCM",
        provider: "Service Control Manager",
        guid: "{555908d1-a6d7-4695-8e1e-26931d2012f4}",
        source_name: "Service Control Manager",
        channel: "System",
        layout: Layout::Literal,
        process_id: 640,
        user_sid: Some(Sid::SYSTEM),
        definitions: SERVICES,
    },
    // Others that write ids of session events (domain.md 0.1, 2; trap 45).
    Source {
        key: "EventSystem",
        provider: "Microsoft-Windows-EventSystem",
        guid: "{899daace-4868-4295-afcd-9eb8fb497561}",
        source_name: "EventSystem",
        channel: "Application",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: None,
        definitions: EVENT_SYSTEM,
    },
    Source {
        process_id: 1032,
        ..kernel(
            "UserModePowerService",
            "Microsoft-Windows-UserModePowerService",
            "{ce8dee0b-d539-4000-b0f8-77bed049c590}",
            USER_MODE_POWER,
        )
    },
    Source {
        process_id: 600,
        ..kernel("Wininit", "Microsoft-Windows-Wininit", "{206f6dea-d3c5-4d10-bc72-989f03c8b84b}", WININIT)
    },
    Source {
        channel: "Application",
        layout: Layout::Literal,
        process_id: 0,
        user_sid: None,
        ..kernel(
            "WinlogonApplication",
            "Microsoft-Windows-Winlogon",
            "{dbe9b383-7cf3-4331-91cc-a3cb16a3b538}",
            WINLOGON_APPLICATION,
        )
    },
    Source {
        process_id: 1100,
        ..kernel("Winlogon", "Microsoft-Windows-Winlogon", "{dbe9b383-7cf3-4331-91cc-a3cb16a3b538}", WINLOGON)
    },
];

const fn kernel(
    key: &'static str,
    provider: &'static str,
    guid: &'static str,
    definitions: &'static [Definition],
) -> Source {
    Source {
        key,
        provider,
        guid,
        source_name: "",
        channel: "System",
        layout: Layout::Manifest,
        process_id: 4,
        user_sid: Some(Sid::SYSTEM),
        definitions,
    }
}

const CLOCK: &[FieldDef] = &[time("NewTime"), time("OldTime")];
const CLOCK_REASON: &[FieldDef] = &[u32("Reason", "3")];
const CLOCK_PROCESS: &[FieldDef] = &[
    text("ProcessName", "\\Device\\HarddiskVolume3\\Windows\\System32\\svchost.exe"),
    u32("ProcessID", "1292"),
];

const CLOCK_DELTA: &[FieldDef] = &[super::field("TimeDeltaInMs", super::Kind::U64, "0")];

const GENERAL: &[Definition] = &[
    Definition::new(1, &[CLOCK]).keywords(0x8000_0000_0000_0010),
    Definition::new(1, &[CLOCK, CLOCK_REASON]).version(1).keywords(0x8000_0000_0000_0010),
    Definition::new(1, &[CLOCK, CLOCK_REASON, CLOCK_PROCESS])
        .version(3)
        .task(5)
        .keywords(0x8000_0000_0000_0010),
    Definition::new(1, &[CLOCK, CLOCK_REASON, CLOCK_PROCESS, CLOCK_DELTA])
        .version(4)
        .task(5)
        .keywords(0x8000_0000_0000_0010),
    Definition::new(1, &[CLOCK, CLOCK_REASON, CLOCK_PROCESS])
        .version(2)
        .task(5)
        .keywords(0x8000_0000_0000_0010),
    Definition::new(
        12,
        &[&[
            u32("MajorVersion", "10"),
            u32("MinorVersion", "0"),
            u32("BuildVersion", "19041"),
            u32("QfeVersion", "1237"),
            u16("ServiceVersion", "0"),
            u32("BootMode", "0"),
            time("StartTime"),
        ]],
    )
    .task(1)
    .keywords(0x8000_0000_0000_0080),
    Definition::new(13, &[&[time("StopTime")]]).task(2).keywords(0x8000_0000_0000_0080),
];

const GOOD: &[FieldDef] = &[boolean("LastShutdownGood", "true"), boolean("LastBootGood", "true")];

const BOOT: &[Definition] = &[
    Definition::new(20, &[GOOD]),
    Definition::new(20, &[GOOD, &[u32("LastBootId", "1"), u32("BootStatusPolicy", "2")]]).version(1).task(31),
    Definition::new(27, &[&[u32("BootType", "0")]]),
    Definition::new(
        27,
        &[&[u32("BootType", "0"), super::field("LoadOptions", super::Kind::Ansi, " NOEXECUTE=OPTIN")]],
    )
    .version(1)
    .task(33),
];

/// Server 2008's type of `SleepInProgress`.
const BUGCHECK_V0: &[FieldDef] = &[
    u32("BugcheckCode", "0"),
    hex64("BugcheckParameter1", "0x0"),
    hex64("BugcheckParameter2", "0x0"),
    hex64("BugcheckParameter3", "0x0"),
    hex64("BugcheckParameter4", "0x0"),
    boolean("SleepInProgress", "false"),
    time_as_number("PowerButtonTimestamp"),
];
const BOOT_APP: &[FieldDef] = &[u32("BootAppStatus", "0")];
const STANDBY: &[FieldDef] = &[
    u32("Checkpoint", "0"),
    boolean("ConnectedStandbyInProgress", "false"),
    u32("SystemSleepTransitionsToOn", "0"),
    u32("CsEntryScenarioInstanceId", "0"),
];
const EFI: &[FieldDef] = &[boolean("BugcheckInfoFromEFI", "false"), u32("CheckpointStatus", "0")];
const LATER: &[FieldDef] = &[
    u32("CsEntryScenarioInstanceIdV2", "0"),
    boolean("LongPowerButtonPressDetected", "false"),
    boolean("LidReliability", "true"),
    u32("InputSuppressionState", "0"),
    u32("PowerButtonSuppressionState", "0"),
    u32("LidState", "3"),
    u32("WHEABootErrorCount", "0"),
];

const fn power_lost(version: u8, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition::new(41, fields).version(version).level(1).task(63).keywords(0x8000_4000_0000_0002)
}

const SLEEP_STATES: &[FieldDef] = &[u32("TargetState", "4"), u32("EffectiveState", "4")];
const BUGCHECK: &[FieldDef] = &[
    u32("BugcheckCode", "0"),
    hex64("BugcheckParameter1", "0x0"),
    hex64("BugcheckParameter2", "0x0"),
    hex64("BugcheckParameter3", "0x0"),
    hex64("BugcheckParameter4", "0x0"),
    u32("SleepInProgress", "0"),
    time_as_number("PowerButtonTimestamp"),
];

const POWER: &[Definition] = &[
    // Versions that are rare come first: the last is the default.
    power_lost(0, &[BUGCHECK_V0]).keywords(0x8000_0000_0000_0002),
    power_lost(1, &[BUGCHECK]).keywords(0x8000_0000_0000_0002),
    power_lost(2, &[BUGCHECK]).keywords(0x8000_0000_0000_0002),
    power_lost(3, &[BUGCHECK, BOOT_APP]),
    power_lost(4, &[BUGCHECK, BOOT_APP, STANDBY]),
    power_lost(5, &[BUGCHECK, BOOT_APP, STANDBY, EFI]),
    power_lost(7, &[BUGCHECK, BOOT_APP, STANDBY, EFI, LATER]),
    power_lost(8, &[BUGCHECK, BOOT_APP, STANDBY, EFI, LATER]),
    power_lost(9, &[BUGCHECK, BOOT_APP, STANDBY, EFI, LATER]),
    power_lost(10, &[BUGCHECK, BOOT_APP, STANDBY, EFI, LATER]),
    power_lost(6, &[BUGCHECK, BOOT_APP, STANDBY, EFI]),
    Definition::new(42, &[SLEEP_STATES, &[u32("Reason", "7"), u32("Flags", "0")]])
        .task(64)
        .keywords(0x8000_0000_0000_0404),
    Definition::new(
        42,
        &[SLEEP_STATES, &[u32("Reason", "7"), u32("Flags", "0"), u32("TransitionsToOn", "1")]],
    )
    .version(3)
    .task(64)
    .keywords(0x8000_0000_0000_0404),
    Definition::new(107, &[SLEEP_STATES]).task(102).keywords(0x8000_0000_0000_0444),
    Definition::new(
        107,
        &[
            SLEEP_STATES,
            &[
                u32("WakeFromState", "4"),
                time("ProgrammedWakeTimeAc"),
                time("ProgrammedWakeTimeDc"),
                u32("WakeRequesterTypeAc", "0"),
                u32("WakeRequesterTypeDc", "0"),
            ],
        ],
    )
    .version(1)
    .task(102)
    .keywords(0x8000_0000_0000_0444),
    Definition::new(
        109,
        &[&[u32("ShutdownActionType", "5"), u32("ShutdownEventCode", "0"), u32("ShutdownReason", "5")]],
    )
    .task(103)
    .keywords(0x8000_4000_0000_0404),
    Definition::new(172, &[&[u32("State", "1"), u32("Reason", "6")]])
        .task(203)
        .keywords(0x8000_0000_0000_0404),
    Definition::new(
        187,
        &[&[text("ProcessPath", "\\Device\\HarddiskVolume3\\Windows\\System32\\rundll32.exe")]],
    )
    .task(243)
    .keywords(0x8000_0000_0000_0404),
    Definition::new(
        506,
        &[&[
            u32("Reason", "15"),
            u32("BatteryRemainingCapacityOnEnter", "0"),
            u32("BatteryFullChargeCapacityOnEnter", "0"),
            u32("ScenarioInstanceId", "1"),
        ]],
    )
    .task(157)
    .keywords(0x8000_0000_0000_0404),
    Definition::new(
        507,
        &[&[
            u32("EnergyDrain", "0"),
            u32("ActiveResidencyInUs", "0"),
            u32("NonDripsTimeActivatedInUs", "0"),
            u32("FirstDripsEntryInUs", "0"),
            u32("DripsResidencyInUs", "0"),
            u32("DurationInUs", "0"),
            u32("DripsTransitions", "0"),
            u32("FullChargeCapacityRatio", "0"),
            u32("Reason", "32"),
        ]],
    )
    .task(158)
    .keywords(0x8000_0000_0000_0404),
];

const WOKEN: &[FieldDef] = &[
    time("SleepTime"),
    time("WakeTime"),
    u32("SleepDuration", "216"),
    u32("WakeDuration", "2286"),
    u32("DriverInitDuration", "1781"),
    u32("BiosInitDuration", "0"),
    u32("HiberWriteDuration", "0"),
    u32("HiberReadDuration", "0"),
    u32("HiberPagesWritten", "0"),
    u32("Attributes", "1912622080"),
    u32("TargetState", "4"),
    u32("EffectiveState", "4"),
    u32("WakeSourceType", "1"),
    u16("WakeSourceTextLength", "0"),
    text("WakeSourceText", ""),
    u16("WakeTimerOwnerLength", "0"),
    u16("WakeTimerContextLength", "0"),
    u32("NoMultiStageResumeReason", "0"),
    text("WakeTimerOwner", ""),
    text("WakeTimerContext", ""),
];

const TROUBLESHOOTER: &[Definition] = &[
    Definition::new(1, &[WOKEN]).version(2),
    Definition::new(1, &[WOKEN, &[u32("CheckpointDuration", "25")]]).version(3),
];

/// Windows leaves several of these values empty; scenarios name only those that mean something.
const EVENTLOG: &[Definition] = &[
    Definition::new(6005, &[]).classic(0x8000),
    Definition::new(6006, &[]).classic(0x8000),
    Definition::new(
        6008,
        &[&[
            text("Time", "12:00:00 AM"),
            text("Date", "\u{200e}1/\u{200e}1/\u{200e}2024"),
            text("Empty2", ""),
            text("Empty3", ""),
            text("Uptime", "3600"),
            text("Empty5", ""),
            text("Empty6", ""),
        ]],
    )
    .classic(0x8000)
    .level(2),
    Definition::new(
        6009,
        &[&[
            text("Version", "10.00."),
            text("Build", "19041"),
            text("ServicePack", ""),
            text("Kernel", "Multiprocessor Free"),
            text("Revision", "0"),
        ]],
    )
    .classic(0x8000),
    Definition::new(6011, &[&[text("OldName", "-"), text("NewName", "-")]]).classic(0x8000),
    Definition::new(
        6013,
        &[&[
            text("Empty0", ""),
            text("Empty1", ""),
            text("Empty2", ""),
            text("Empty3", ""),
            text("Uptime", "3600"),
            text("Period", "60"),
            text("TimeZone", "0 UTC"),
        ]],
    )
    .classic(0x8000),
];

const USER32_FIELDS: &[FieldDef] = &[
    text("param1", "C:\\Windows\\System32\\RuntimeBroker.exe (PC1)"),
    text("param2", "PC1"),
    text("param3", "Other (Unplanned)"),
    text("param4", "0x5000000"),
    text("param5", "restart"),
    text("param6", ""),
    text("param7", "NT AUTHORITY\\SYSTEM"),
];

/// Why the computer stopped, as an administrator typed it in later.
const STOP_EXPLAINED: &[FieldDef] = &[
    text("param1", "Other Failure: System Unresponsive"),
    text("param2", "0x2000005"),
    text("param3", ""),
    text("param4", ""),
    text("param5", ""),
    text("param6", "NT AUTHORITY\\SYSTEM"),
];

/// The last request is taken back: which computer's, and by whom.
const STOP_CANCELLED: &[FieldDef] = &[text("param1", "PC1"), text("param2", "NT AUTHORITY\\SYSTEM")];

const USER32: &[Definition] = &[
    user32(1074, &[USER32_FIELDS]),
    user32(1075, &[STOP_CANCELLED]),
    user32(1076, &[STOP_EXPLAINED]).level(3),
];

const fn user32(id: u16, fields: &'static [&'static [FieldDef]]) -> Definition {
    Definition { qualifiers: Some(0x8000), ..Definition::new(id, fields).keywords(CLASSIC | 1 << 63) }
}

const USER32_CLASSIC: &[Definition] = &[
    Definition::new(1074, &[USER32_FIELDS]).classic(0x8000),
    Definition::new(1075, &[STOP_CANCELLED]).classic(0x8000),
    Definition::new(1076, &[STOP_EXPLAINED]).classic(0x8000).level(3),
];

const LSA: &[Definition] = &[Definition::new(6038, &[]).classic(0x8000).level(3)];

const SERVICES: &[Definition] = &[
    Definition {
        qualifiers: Some(0xc000),
        ..Definition::new(7034, &[&[text("param1", "Example"), text("param2", "1")]])
            .level(2)
            .keywords(CLASSIC | 1 << 63)
    },
    Definition {
        qualifiers: Some(0x4000),
        ..Definition::new(
            7045,
            &[&[
                text("ServiceName", "ExampleService"),
                text("ImagePath", "C:\\Windows\\example.exe"),
                text("ServiceType", "user mode service"),
                text("StartType", "demand start"),
                text("AccountName", "LocalSystem"),
            ]],
        )
        .keywords(CLASSIC | 1 << 63)
    },
];

const EVENT_SYSTEM: &[Definition] = &[Definition {
    qualifiers: Some(0x4000),
    ..Definition::new(4625, &[&[text("param1", "86400"), text("param2", "SuppressDuplicateDuration")]])
        .keywords(CLASSIC)
}];

const USER_MODE_POWER: &[Definition] = &[Definition::new(
    12,
    &[&[text("ProcessPath", "C:\\Windows\\System32\\svchost.exe"), u32("ProcessPid", "1032")]],
)
.task(10)
.keywords(0x8000_0000_0000_0000)];

const WININIT: &[Definition] = &[
    Definition::new(12, &[&[u32("Flags", "0")]]).keywords(0x8000_0000_0000_0000),
    Definition::new(14, &[&[text("Config", "%%1846"), text("IsTestConfig", "%%1843")]])
        .keywords(0x8000_0000_0000_0000),
];

const WINLOGON_APPLICATION: &[Definition] = &[
    Definition::new(4002, &[]).classic(0x4000),
    Definition::new(4003, &[]).classic(0xc000).level(2),
    Definition::new(4004, &[]).classic(0xc000).level(2),
    Definition::new(4005, &[]).classic(0xc000).level(2),
    Definition::new(4007, &[]).classic(0x8000).level(3),
];

const WER: &[Definition] = &[Definition {
    qualifiers: Some(0x4000),
    ..Definition::new(
        1001,
        &[&[
            text("param1", "0x0000009f (0x0000000000000003, 0xffffe000, 0xfffff800, 0xffffe001)"),
            text("param2", "C:\\Windows\\MEMORY.DMP"),
            text("param3", "00000000-0000-0000-0000-000000000000"),
        ]],
    )
    .level(2)
    .keywords(CLASSIC | 1 << 63)
}];

const TERMINAL_SESSION: &[FieldDef] = &[u32("TSId", "1"), sid("UserSid", "S-1-5-18")];

const WINLOGON: &[Definition] = &[
    Definition::new(7001, &[TERMINAL_SESSION]).task(1101).keywords(0x2000_2000_0000_0000),
    Definition::new(7002, &[TERMINAL_SESSION]).task(1102).keywords(0x2000_2000_0000_0000),
];

/// A FILETIME that Windows declares as a plain 64-bit number.
const fn time_as_number(name: &'static str) -> FieldDef {
    super::field(name, super::Kind::U64, "0")
}
